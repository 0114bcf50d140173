-- question: Which images were removed, and what is the evidence?
-- parameters: sources, since, until, run, limit
-- order: removed_at from the latest, source, image_id
-- shown: removed_at, run_id, source, image_id, name, evidence, last_seen_at, missing_since, restored_at
-- optional: missing_since, last_seen_at, restored_at, run_id, source, name
select
    r.source, r.image_id, r.name, r.swr_path, r.run_id, r.removed_at, r.last_seen_at,
    r.missing_since, r.evidence, r.evidence_detail, r.restored_at, r.restored_run_id, r.version
from image_removals as r
where true
    {% if sources %}and r.source in :sources{% endif %}
    {% if since %}and r.removed_at >= :since{% endif %}
    {% if until %}and r.removed_at < :until{% endif %}
    {% if run %}and r.run_id = :run{% endif %}
order by r.removed_at desc, r.source, r.image_id
{% if limit %}limit :limit{% endif %}
