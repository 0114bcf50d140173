drop view if exists images;

create view images as select
    c.source, c.image_id, c.state, c.name, c.description, c.type, c.status, c.arch, c.tag, c.namespace, c.workspace_id, c.visibility, c.origin, c.service_type, c.flavor_type, c.size, c.swr_path, c.swr_registry, c.swr_organization, c.swr_repository, c.swr_tag, c.swr_instance_id, c.show_name, c.show_tag, c.status_message, c.dev_services, c.resource_categories, c.tags, c.created_at, c.updated_at, c.extra,
    c.version, c.first_seen_at,
    case
        when c.last_seen_at is not null and c.last_seen_at > c.valid_from then c.last_seen_at
        when c.last_seen_at is null and c.state = 'present' and w.walked_at > c.valid_from
            then w.walked_at
        else c.valid_from
    end as last_seen_at,
    c.valid_from as last_changed_at,
    c.missing_since,
    case when c.state = 'removed' then c.valid_to end as removed_at,
    coalesce(c.relisted_as, c.listing) as listing
from current_images as c
left join (
    select source, max(observed_at) as walked_at
    from source_runs
    where certificate <> 'none'
    group by source
) as w on w.source = c.source;

drop view if exists image_versions;

create view image_versions as select
    source, image_id, version, valid_from, valid_to, opened_run_id as run_id,
    name, description, type, status, arch, tag, namespace, workspace_id, visibility, origin, service_type, flavor_type, size, swr_path, swr_registry, swr_organization, swr_repository, swr_tag, swr_instance_id, show_name, show_tag, status_message, dev_services, resource_categories, tags, created_at, updated_at, extra, opened_as, closed_as, closed_run_id
from current_images
union all
select
    source, image_id, version, valid_from, valid_to, opened_run_id as run_id,
    name, description, type, status, arch, tag, namespace, workspace_id, visibility, origin, service_type, flavor_type, size, swr_path, swr_registry, swr_organization, swr_repository, swr_tag, swr_instance_id, show_name, show_tag, status_message, dev_services, resource_categories, tags, created_at, updated_at, extra, opened_as, closed_as, closed_run_id
from past_versions;

drop view if exists image_changes;

create view image_changes as select v.opened_run_id as run_id, v.valid_from as at, v.source, v.image_id, v.name,
    v.opened_as as kind, cast(null as text) as field, cast(null as text) as old_value,
    cast(null as text) as new_value, v.version, r.entry
from current_images as v
left join source_runs as r on r.run_id = v.opened_run_id and r.source = v.source
where v.opened_as <> 'changed'
union all
select v.closed_run_id, v.valid_to, v.source, v.image_id, v.name,
    v.closed_as, cast(null as text), cast(null as text), cast(null as text), v.version, r.entry
from current_images as v
left join source_runs as r on r.run_id = v.closed_run_id and r.source = v.source
where v.closed_run_id is not null and v.closed_as <> 'changed'
union all
select v.opened_run_id as run_id, v.valid_from as at, v.source, v.image_id, v.name,
    v.opened_as as kind, cast(null as text) as field, cast(null as text) as old_value,
    cast(null as text) as new_value, v.version, r.entry
from past_versions as v
left join source_runs as r on r.run_id = v.opened_run_id and r.source = v.source
where v.opened_as <> 'changed'
union all
select v.closed_run_id, v.valid_to, v.source, v.image_id, v.name,
    v.closed_as, cast(null as text), cast(null as text), cast(null as text), v.version, r.entry
from past_versions as v
left join source_runs as r on r.run_id = v.closed_run_id and r.source = v.source
where v.closed_run_id is not null and v.closed_as <> 'changed'
union all
select f.run_id, v.valid_from, v.source, v.image_id, v.name,
    'changed', f.field, f.old_value, f.new_value, f.version, r.entry
from field_changes as f
join current_images as v on v.image_key = f.image_key and v.version = f.version
left join source_runs as r on r.run_id = f.run_id and r.source = v.source
union all
select f.run_id, v.valid_from, v.source, v.image_id, v.name,
    'changed', f.field, f.old_value, f.new_value, f.version, r.entry
from field_changes as f
join past_versions as v on v.image_key = f.image_key and v.version = f.version
left join source_runs as r on r.run_id = f.run_id and r.source = v.source;

drop view if exists image_dev_services;

create view image_dev_services as select c.source, c.image_id, each.value as dev_service
from current_images as c, json_each(c.dev_services) as each;

drop view if exists image_resource_categories;

create view image_resource_categories as select c.source, c.image_id, each.value as resource_category
from current_images as c, json_each(c.resource_categories) as each;

drop view if exists image_tags;

create view image_tags as select c.source, c.image_id, json_extract(each.value, '$.key') as key, json_extract(each.value, '$.value') as value
from current_images as c, json_each(c.tags) as each;

drop view if exists image_components;

create view image_components as select c.source, c.image_id, json_extract(each.value, '$[0]') as component, json_extract(each.value, '$[1]') as version, c.state
from current_images as c, json_each(c.components) as each;
