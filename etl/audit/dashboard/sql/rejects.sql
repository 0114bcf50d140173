-- Which records can't be understood, newest first?
select reject_id, run_id, source, listing, image_id, page, position, reason, record
from rejects
where resolved_at is null
order by reject_id desc
limit :limit
