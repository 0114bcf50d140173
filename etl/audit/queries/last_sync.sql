-- question: What did the last sync of each source do?
-- parameters: sources
-- order: source
with synced as (
    select
        s.source, max(s.observed_at) as observed_at,
        max(case when s.status = 'succeeded' then s.observed_at end) as succeeded_at
    from source_runs as s
    join sync_runs as r on r.run_id = s.run_id
    where r.kind = 'sync'
        {% if sources %}and s.source in :sources{% endif %}
    group by s.source
),
kept as (
    select source, count(*) as rejects
    from rejects
    where resolved_at is null
    group by source
)
select
    l.source, r.run_id, r.status, r.observed_at, l.succeeded_at, r.certificate,
    r.walks, r.pages, r.requests, r.retries, r.reported_total, r.seen, r.added, r.changed,
    r.removed, r.restored, r.in_scope, r.out_of_scope, r.rejected,
    coalesce(k.rejects, 0) as open_rejects
from synced as l
join source_runs as r on r.source = l.source and r.observed_at = l.observed_at
left join kept as k on k.source = l.source
order by l.source
