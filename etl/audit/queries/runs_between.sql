-- question: Which runs can matter to what is different between one instant (or run) and another?
-- parameters: from_at or from_run, to_at or to_run, sources
-- order: none, it is one row
with bounds as (
    select
        source,
        min(:from_at) as from_at, -- when from_at
        coalesce( -- when from_run
            max(case when run_id = :from_run then observed_at end), -- when from_run
            max(case when run_id < :from_run then observed_at end) -- when from_run
        ) as from_at, -- when from_run
        min(:to_at) as to_at -- when to_at
        coalesce( -- when to_run
            max(case when run_id = :to_run then observed_at end), -- when to_run
            max(case when run_id < :to_run then observed_at end) -- when to_run
        ) as to_at -- when to_run
    from source_runs
    where true
        and source in :sources -- when sources
    group by source
)
select coalesce(min(r.run_id), 0) as first_run, coalesce(max(r.run_id), 0) as last_run
from source_runs as r
join bounds as b on b.source = r.source
where (b.from_at is null or r.observed_at > b.from_at) and r.observed_at <= b.to_at
order by 1
