-- How many removals does the guard hold now?
select count(*) as total
from held_removals
where released_at is null
