-- question: Which removals does the guard hold?
-- parameters: sources, since, until, run, limit
-- order: held_at from the latest, source, image_id
-- shown: held_at, run_id, source, image_id, name, rule, evidence
select
    h.source, h.image_id, h.name, h.run_id, h.held_at, h.rule, h.evidence, h.evidence_detail
from held_removals as h
where h.released_at is null
    {% if sources %}and h.source in :sources{% endif %}
    {% if since %}and h.held_at >= :since{% endif %}
    {% if until %}and h.held_at < :until{% endif %}
    {% if run %}and h.run_id = :run{% endif %}
order by h.held_at desc, h.source, h.image_id
{% if limit %}limit :limit{% endif %}
