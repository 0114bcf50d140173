-- What was removed, newest first, and how is it known?
select
    source, image_id, name, swr_path, run_id, removed_at, last_seen_at, missing_since, evidence,
    evidence_detail, restored_at
from image_removals
order by removed_at desc, source, image_id
limit :limit
