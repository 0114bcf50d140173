-- How many images are there, by source, and how many of them in each state but present?
select source, cast(null as text) as state, count(*) as images
from catalogue
group by source
union all
select source, state, count(*)
from catalogue
where state <> 'present'
group by source, state
order by source, state
