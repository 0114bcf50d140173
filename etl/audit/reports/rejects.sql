-- question: Which records are rejected, by reason?
-- parameters: since, until, sources, limit
-- order: unresolved from the most, source, reason
select
    r.source, r.reason, count(*) as rejects, count(*) - count(r.resolved_at) as unresolved,
    min(r.rejected_at) as first_seen_at, max(r.rejected_at) as latest_at
from rejects as r
where true
    and r.rejected_at >= :since -- when since
    and r.rejected_at < :until -- when until
    and r.source in :sources -- when sources
group by r.source, r.reason
order by unresolved desc, r.source, r.reason -- when sqlite
order by unresolved desc, r.source, r.reason collate "C" -- when postgresql
limit :limit -- when limit
