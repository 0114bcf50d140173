-- How many images has each source, by state? Its latest run counted the present ones.
with latest as (
    select source, max(run_id) as run_id
    from source_runs
    group by source
)
select r.source, 'present' as state, r.present as images
from latest as l
join source_runs as r on r.source = l.source and r.run_id = l.run_id
union all
select source, state, count(*)
from catalogue
where state <> 'present'
group by source, state
order by source, state
