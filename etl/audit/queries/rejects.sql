-- question: Which records could not be understood, and why?
-- parameters: sources, since, until, run, is_unresolved, limit
-- order: reject_id from the latest
-- shown: reject_id, run_id, source, image_id, page, position, reason, rejected_at, resolved_at
select
    r.reject_id, r.run_id, r.source, r.image_id, r.listing, r.page, r.position, r.reason, r.record,
    r.record_bytes, r.rejected_at, r.resolved_at
from rejects as r
where true
    and r.resolved_at is null -- when is_unresolved
    and r.source in :sources -- when sources
    and r.rejected_at >= :since -- when since
    and r.rejected_at < :until -- when until
    and r.run_id = :run -- when run
order by r.reject_id desc
limit :limit -- when limit
