-- question: What differs between the catalogue at one instant (or run) and at another?
-- parameters: sources, from_at, from_run, to_at, to_run, first_run, last_run, limit
-- order: source, image_id, field
-- record: state
-- shown: source, image_id, name, kind, field, old_value, new_value
-- optional: name
with bounds as (
    select
        source,
        {% if from_at %}min(:from_at){% else %}{{ observed_by(":from_run") }}{% endif %} as from_at,
        {% if to_at %}min(:to_at){% else %}{{ observed_by(":to_run") }}{% endif %} as to_at
    from source_runs
    where true
        {% if sources %}and source in :sources{% endif %}
    group by source
),
touched as (
    select image_key from current_images
    where opened_run_id between :first_run and :last_run
        {% if sources %}and source in :sources{% endif %}
    union
    select image_key from current_images
    where closed_run_id between :first_run and :last_run
        {% if sources %}and source in :sources{% endif %}
    union
    select image_key from past_versions
    where opened_run_id between :first_run and :last_run
        {% if sources %}and source in :sources{% endif %}
    union
    select image_key from past_versions
    where closed_run_id between :first_run and :last_run and closed_as <> 'changed'
        {% if sources %}and source in :sources{% endif %}
),
versions as (
    select c.image_key, c.source, c.image_id, c.name, c.version, c.valid_from, c.valid_to
    from touched as t join current_images as c on c.image_key = t.image_key
    union all
    select s.image_key, s.source, s.image_id, s.name, s.version, s.valid_from, s.valid_to
    from touched as t join past_versions as s on s.image_key = t.image_key
),
valid as (
    select
        v.image_key, v.source, v.image_id, v.name, v.version,
        v.valid_from <= b.from_at and (v.valid_to is null or v.valid_to > b.from_at) as is_from,
        v.valid_from <= b.to_at and (v.valid_to is null or v.valid_to > b.to_at) as is_to
    from versions as v
    join bounds as b on b.source = v.source
),
sides as (
    select
        image_key, source, image_id,
        max(case when is_from then version end) as from_version,
        max(case when is_from then name end) as from_name,
        max(case when is_to then version end) as to_version,
        max(case when is_to then name end) as to_name
    from valid
    group by image_key, source, image_id
),
fields as (
    select
        d.source, d.image_id, d.to_name, f.field, f.new_value,
        first_value(f.old_value) over by_version as old_value,
        lead(f.version) over by_version as later_version
    from sides as d
    join field_changes as f
        on f.image_key = d.image_key and f.version > d.from_version and f.version <= d.to_version
    window by_version as (partition by f.image_key, f.field order by f.version)
)
select source, image_id, to_name as name, 'changed' as kind, field, old_value, new_value
from fields
where later_version is null and old_value <> new_value
union all
select source, image_id, to_name, 'added', null, null, null
from sides
where from_version is null and to_version is not null
union all
select source, image_id, from_name, 'removed', null, null, null
from sides
where from_version is not null and to_version is null
order by source, image_id, field
{% if limit %}limit :limit{% endif %}
