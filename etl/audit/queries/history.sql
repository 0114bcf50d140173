-- question: Which versions did an image have, and how did each end?
-- parameters: sources, image_id, since, until, run
-- order: source, version
-- record: changes
-- shown: source, version, valid_from, valid_to, run_id, opened_as, changed, closed_as, evidence
-- optional: source, run_id, valid_to, opened_as, evidence
select
    v.source, v.image_id, v.version, v.valid_from, v.valid_to, v.run_id,
    {{ tracked("v") }},
    v.extra, v.opened_as, v.closed_as, v.closed_run_id,
    r.evidence, r.evidence_detail, r.missing_since, r.last_seen_at
from image_versions as v
left join image_removals as r
    on r.source = v.source and r.image_id = v.image_id and r.version = v.version
where v.source in :sources and v.image_id = :image_id
    {% if since %}and v.valid_from >= :since{% endif %}
    {% if until %}and v.valid_from < :until{% endif %}
    {% if run %}and (v.run_id = :run or v.closed_run_id = :run){% endif %}
order by v.source, v.version
