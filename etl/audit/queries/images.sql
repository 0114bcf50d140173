-- question: Which images are in the catalogue?
-- parameters: sources, since, until, run, state, is_absent, arch, type, dev_service, component, component_version, limit
-- order: source, image_id
-- record: kept
-- shown: source, image_id, state, name, tag, type, arch, status, last_changed_at, removed_at
-- optional: status, last_changed_at, type, arch, state, tag, removed_at, source
select
    i.source, i.image_id, i.state,
    {{ tracked("i") }},
    i.extra, i.version, i.first_seen_at, i.last_seen_at, i.last_changed_at, i.missing_since,
    i.removed_at, i.listing
from images as i
where true
    {% if sources %}and i.source in :sources{% endif %}
    {% if state %}and i.state = :state{% endif %}
    {% if is_absent %}and i.state <> 'present'{% endif %}
    {% if arch %}and i.arch = :arch{% endif %}
    {% if type %}and i.type = :type{% endif %}
    {% if since %}and i.last_changed_at >= :since{% endif %}
    {% if until %}and i.last_changed_at < :until{% endif %}
    {% if dev_service %}and {{ has_element("i.dev_services", ":dev_service") }}{% endif %}
    {% if component %}
    and (i.source, i.image_id) in (
        select c.source, c.image_id
        from current_images as c
        where c.components in (
            select k.components
            from (select distinct components from current_images) as k
            where exists (
                select 1
                from {{ elements("k.components") }}
                where {{ member(0) }} = :component
                    {% if component_version %}and {{ member(1) }} = :component_version{% endif %}
            )
        )
    )
    {% endif %}
    {% if run %}
    and (i.source, i.image_id) in (
        select v.source, v.image_id
        from image_versions as v
        where v.run_id = :run and v.valid_to is null
    )
    {% endif %}
order by i.source, i.image_id
{% if limit %}limit :limit{% endif %}
