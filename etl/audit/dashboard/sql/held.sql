-- Which removals does the guard hold now?
select source, image_id, name, run_id, held_at, rule, evidence, evidence_detail
from held_removals
where released_at is null
order by held_at, source, image_id
limit :limit
