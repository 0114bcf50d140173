-- question: Which images were removed in a period, and how is it known?
-- since: 30d
-- parameters: sources, since, until, limit
-- order: removed_at from the latest, source, image_id
-- record: kept
-- shown: removed_at, source, image_id, name, evidence, evidence_detail, removed_by, restored_at
-- optional: restored_at, removed_by
-- reads: runs
-- column removed_at: observed_at of the run that found it removed
-- column run_id: that run
select
    r.removed_at, r.source, r.image_id, r.name, r.swr_path, r.run_id, r.evidence,
    r.evidence_detail, r.removed_by, r.removed_by_kind, r.removed_via, r.attribution, r.last_seen_at,
    r.missing_since, r.restored_at
from image_removals as r
where true
    {% if since %}and r.removed_at >= :since{% endif %}
    {% if until %}and r.removed_at < :until{% endif %}
    {% if sources %}and r.source in :sources{% endif %}
order by r.removed_at desc, r.source, r.image_id
{% if limit %}limit :limit{% endif %}
