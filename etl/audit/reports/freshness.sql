-- question: How fresh is each source, and what went wrong since its last certified walk?
-- parameters: sources, limit
-- order: certified_at from the oldest, source
-- reads: runs
-- column certified_at: observed_at of the last certified walk; null: none
-- column last_run_at: observed_at of the last run
-- column last_run_id: the last run
-- column last_run_status: how it ended for the source
-- column runs_since_certified: number of runs since the last certified walk
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
