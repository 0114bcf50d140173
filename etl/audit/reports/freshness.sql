-- question: How fresh is each source: last run, last certified walk, and what went wrong since?
-- parameters: sources, limit
-- order: certified_at from the oldest, source
with walks as (
    select
        source, max(observed_at) as observed_at,
        max(case when certificate <> 'none' then observed_at end) as certified_at
    from source_runs
    group by source
)
select
    w.source, w.certified_at, w.observed_at as last_run_at, r.run_id as last_run_id,
    r.status as last_run_status,
    (
        select count(*)
        from source_runs as s
        where s.source = w.source
            and (w.certified_at is null or s.observed_at > w.certified_at)
    ) as runs_since_certified,
    r.error_kind, r.error_message
from walks as w
join source_runs as r on r.source = w.source and r.observed_at = w.observed_at
where true
    {% if sources %}and w.source in :sources{% endif %}
order by coalesce(w.certified_at, (select min(s.observed_at) from source_runs as s)), w.source
{% if limit %}limit :limit{% endif %}
