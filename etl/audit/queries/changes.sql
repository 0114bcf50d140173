-- question: What did runs change?
-- parameters: sources, since, until, run, first_run, kind, field, after, last_entry, limit
-- order: run_id from the latest, source, image_id, version, kind, field; with `after`, entry first
-- record: changes
-- row: a change, the latest runs first
-- shown: run_id, at, source, image_id, name, kind, field, old_value, new_value
-- optional: at, name, source, run_id
select
    h.run_id, h.at, h.source, h.image_id, h.name, h.kind, h.field, h.old_value, h.new_value,
    h.version, h.entry
from image_changes as h
where true
    {% if first_run %}and h.run_id >= :first_run{% endif %}
    {% if run %}and h.run_id = :run{% endif %}
    {% if since %}and h.at >= :since{% endif %}
    {% if until %}and h.at < :until{% endif %}
    {% if sources %}and h.source in :sources{% endif %}
    {% if kind %}and h.kind = :kind{% endif %}
    {% if field %}and h.field = :field{% endif %}
    {% if after is not none %}and h.entry > :after{% endif %}
    {% if last_entry is not none %}and h.entry <= :last_entry{% endif %}
{% if after is not none %}
order by h.entry, h.image_id, h.version, h.kind, h.field
{% else %}
order by h.run_id desc, h.source, h.image_id, h.version, h.kind, h.field
{% endif %}
{% if limit %}limit :limit{% endif %}
