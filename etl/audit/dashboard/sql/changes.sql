-- question: What did these runs change, latest first?
-- parameters: runs, limit
-- order: at from the latest, source, name, image_id, version from the latest, field
select run_id, at, source, image_id, name, kind, field, old_value, new_value
from image_changes
where run_id in :runs
order by at desc, source, {{ by_text("name") }}, image_id, version desc, field
limit :limit
