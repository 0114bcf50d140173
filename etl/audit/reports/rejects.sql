-- question: Which records were rejected, by reason?
-- parameters: sources, since, until, limit
-- order: unresolved from the most, source, reason
-- record: changes
-- reads: runs
-- column reason: why the record was rejected
-- column rejects: number of records rejected for this reason
-- column unresolved: number of them that are still rejected
-- column first_seen_at: when the first was rejected
-- column latest_at: when the latest was rejected
select
    r.source, r.reason, count(*) as rejects, count(*) - count(r.resolved_at) as unresolved,
    min(r.rejected_at) as first_seen_at, max(r.rejected_at) as latest_at
from rejects as r
where true
    {% if since %}and r.rejected_at >= :since{% endif %}
    {% if until %}and r.rejected_at < :until{% endif %}
    {% if sources %}and r.source in :sources{% endif %}
group by r.source, r.reason
order by unresolved desc, r.source, {{ by_text("r.reason") }}
{% if limit %}limit :limit{% endif %}
