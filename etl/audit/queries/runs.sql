-- question: Which runs were there, and what did they change in total?
-- parameters: sources, since, until, run, limit
-- order: run_id from the latest
-- record: changes
-- shown: run_id, started_at, kind, status, exit_code, sources, seen, added, changed, removed, restored, held, missing, rejected
-- optional: restored, missing, rejected, seen, sources, held, exit_code, kind
with totals as (
    select
        run_id, count(*) as sources,
        cast(sum(seen) as bigint) as seen,
        cast(sum(added) as bigint) as added,
        cast(sum(changed) as bigint) as changed,
        cast(sum(unchanged) as bigint) as unchanged,
        cast(sum(removed) as bigint) as removed,
        cast(sum(restored) as bigint) as restored,
        cast(sum(out_of_scope) as bigint) as out_of_scope,
        cast(sum(held) as bigint) as held,
        cast(sum(missing) as bigint) as missing,
        cast(sum(rejected) as bigint) as rejected,
        cast(sum(requests) as bigint) as requests,
        cast(sum(retries) as bigint) as retries
    from source_runs
    where true
        {% if sources %}and source in :sources{% endif %}
    group by run_id
)
select
    r.run_id, r.kind, r.actor, r.reason, r.started_at, r.finished_at, r.status, r.exit_code,
    r.version, r.host, r.pid,
    t.sources, t.seen, t.added, t.changed, t.unchanged, t.removed, t.restored, t.out_of_scope, t.held,
    t.missing, t.rejected, t.requests, t.retries
from sync_runs as r
left join totals as t on t.run_id = r.run_id
where true
    {% if sources %}and t.sources > 0{% endif %}
    {% if since %}and r.started_at >= :since{% endif %}
    {% if until %}and r.started_at < :until{% endif %}
    {% if run %}and r.run_id = :run{% endif %}
order by r.run_id desc
{% if limit %}limit :limit{% endif %}
