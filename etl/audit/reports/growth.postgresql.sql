-- question: How did each source's catalogue grow, week by week (Mondays, UTC)?
-- parameters: since, until, sources, limit
-- order: week from the latest, source
with weeks as (
    select
        source, to_char(date_trunc('week', observed_at at time zone 'UTC'), 'YYYY-MM-DD') as week, max(observed_at) as last_at,
        cast(sum(added) as bigint) as added, cast(sum(changed) as bigint) as changed,
        cast(sum(removed) as bigint) as removed, cast(sum(restored) as bigint) as restored
    from source_runs
    where true
        and observed_at >= :since -- when since
        and observed_at < :until -- when until
        and source in :sources -- when sources
    group by source, to_char(date_trunc('week', observed_at at time zone 'UTC'), 'YYYY-MM-DD')
)
select w.week, w.source, r.present, w.added, w.changed, w.removed, w.restored
from weeks as w
join source_runs as r on r.source = w.source and r.observed_at = w.last_at
order by w.week desc, w.source
limit :limit -- when limit
