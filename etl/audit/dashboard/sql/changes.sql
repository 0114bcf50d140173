-- What changed lately, newest first?
-- runs: the runs to look at
select run_id, at, source, image_id, name, kind, field, old_value, new_value
from image_changes
where run_id in :runs
order by at desc, source, {{ by_text("name") }}, image_id, version desc, field
limit :limit
