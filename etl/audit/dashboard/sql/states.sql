-- How many images has each source, by state? Its latest run counted the present ones.
with latest as (
    select source, max(observed_at) as observed_at
    from source_runs
    group by source
)
select r.source, 'present' as state, r.present as images
from latest as l
join source_runs as r on r.source = l.source and r.observed_at = l.observed_at
union all
select source, state, count(*)
from current_images
where state <> 'present'
group by source, state
order by source, state
