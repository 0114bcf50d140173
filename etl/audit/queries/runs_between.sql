-- question: Which runs can matter to what differs between one instant (or run) and another?
-- parameters: from_at, from_run, to_at, to_run, sources
-- order: none, it is one row
with bounds as (
    select
        source,
        {% if from_at %}min(:from_at){% else %}{{ observed_by(":from_run") }}{% endif %} as from_at,
        {% if to_at %}min(:to_at){% else %}{{ observed_by(":to_run") }}{% endif %} as to_at
    from source_runs
    where true
        {% if sources %}and source in :sources{% endif %}
    group by source
)
select coalesce(min(r.run_id), 0) as first_run, coalesce(max(r.run_id), 0) as last_run
from source_runs as r
join bounds as b on b.source = r.source
where (b.from_at is null or r.observed_at > b.from_at) and r.observed_at <= b.to_at
order by 1
