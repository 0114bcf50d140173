-- question: Which images were in the catalogue at an instant (or after a run), with which values?
-- parameters: at, at_run, state, sources, since, until, run, arch, type, dev_service, limit
-- order: source, image_id
-- record: state
-- shown: source, image_id, state, name, tag, type, arch, status, valid_from
-- optional: status, valid_from, type, arch, state, tag, source
{% set moment = ":at" if at else "b.at" %}
{% set is_valid = "(v.valid_to is null or v.valid_to > " ~ moment ~ ")" %}
{% set is_latest -%}
not exists (
    select 1
    from image_versions as n
    where n.source = v.source and n.image_id = v.image_id and n.version = v.version + 1
        and n.valid_from <= {{ moment }}
)
{%- endset %}
{% if at_run %}
with bounds as (
    select source, {{ observed_by(":at_run") }} as at
    from source_runs
    group by source
)
{% endif %}
select
    v.source, v.image_id,
    {% if state == "present" %}'present'{% elif state %}v.closed_as
    {%- else %}case when {{ is_valid }} then 'present' else v.closed_as end{% endif %} as state,
    {{ tracked("v") }},
    v.extra, v.version, v.valid_from, v.valid_to, v.run_id
from image_versions as v
{% if at_run %}join bounds as b on b.source = v.source{% endif %}

where v.valid_from <= {{ moment }}
    {% if state == "present" %}
    and {{ is_valid }}
    {% elif state %}
    and v.valid_to <= {{ moment }} and v.closed_as = :state and {{ is_latest }}
    {% else %}
    and ({{ is_valid }} or (v.closed_as <> 'changed' and {{ is_latest }}))
    {% endif %}
    {% if sources %}and v.source in :sources{% endif %}
    {% if arch %}and v.arch = :arch{% endif %}
    {% if type %}and v.type = :type{% endif %}
    {% if since %}and v.valid_from >= :since{% endif %}
    {% if until %}and v.valid_from < :until{% endif %}
    {% if run %}and v.run_id = :run{% endif %}
    {% if dev_service %}and {{ has_element("v.dev_services", ":dev_service") }}{% endif %}
order by v.source, v.image_id
{% if limit %}limit :limit{% endif %}
