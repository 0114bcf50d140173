-- How many images are there, by source and state?
select source, state, count(*) as images
from images
group by source, state
order by source, state
