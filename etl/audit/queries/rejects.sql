-- question: Which records could not be parsed, and why?
-- parameters: sources, since, until, run, is_unresolved, limit
-- order: reject_id from the latest
-- record: changes unless is_unresolved
-- shown: reject_id, run_id, source, image_id, page, position, reason, rejected_at, resolved_at
-- optional: resolved_at, position, page, rejected_at, run_id
select
    r.reject_id, r.run_id, r.source, r.image_id, r.listing, r.page, r.position, r.reason, r.record,
    r.record_bytes, r.rejected_at, r.resolved_at
from rejects as r
where true
    {% if is_unresolved %}and r.resolved_at is null{% endif %}
    {% if sources %}and r.source in :sources{% endif %}
    {% if since %}and r.rejected_at >= :since{% endif %}
    {% if until %}and r.rejected_at < :until{% endif %}
    {% if run %}and r.run_id = :run{% endif %}
order by r.reject_id desc
{% if limit %}limit :limit{% endif %}
