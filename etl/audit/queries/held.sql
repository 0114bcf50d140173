-- question: Which removals does the guard hold?
-- parameters: sources, since, until, run, limit
-- order: held_at from the latest, source, image_id
-- record: kept
-- shown: held_at, run_id, source, image_id, name, rule, evidence
-- optional: rule, evidence, held_at, name, source
-- `run_id` is the latest run that held the image: what `approve` and the notices name.
with holding as (
    select source, max(run_id) as run_id
    from source_runs
    where held > 0
        {% if sources %}and source in :sources{% endif %}
    group by source
)
select
    h.source, h.image_id, h.name, coalesce(r.run_id, h.run_id) as run_id,
    h.run_id as first_run_id, h.held_at, h.rule, h.evidence, h.evidence_detail
from held_removals as h
left join holding as r on r.source = h.source
where h.released_at is null
    {% if sources %}and h.source in :sources{% endif %}
    {% if since %}and h.held_at >= :since{% endif %}
    {% if until %}and h.held_at < :until{% endif %}
    {% if run %}and coalesce(r.run_id, h.run_id) = :run{% endif %}
order by h.held_at desc, h.source, h.image_id
{% if limit %}limit :limit{% endif %}
