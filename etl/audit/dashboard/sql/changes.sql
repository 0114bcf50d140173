-- What changed lately, newest first?
-- runs: the runs to look at
select run_id, at, source, image_id, name, kind, field, old_value, new_value
from image_changes
where run_id in :runs
order by at desc, source, name nulls first, image_id, version desc, field -- when sqlite
order by at desc, source, name collate "C" nulls first, image_id, version desc, field -- when postgresql
limit :limit
