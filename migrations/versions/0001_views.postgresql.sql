create or replace view images as select
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

comment on view images is 'One row for every image ever seen, with its last known values';

comment on column images.source is 'name of the source in the configuration';

comment on column images.image_id is 'the API''s id, unique within a source';

comment on column images.state is 'present, removed or out_of_scope; a removed image keeps its last values';

comment on column images.name is 'the image''s name, without surrounding white space; not unique';

comment on column images.description is 'the image''s description';

comment on column images.type is 'BUILD_IN, DEDICATED, or another value as reported';

comment on column images.status is 'INIT, CREATING, CREATE_FAILED, ERROR, DELETED, ACTIVE, …';

comment on column images.arch is 'processor architecture in lower case: x86_64, aarch64, …';

comment on column images.tag is 'the image''s tag';

comment on column images.namespace is 'SWR organisation, as the API names it';

comment on column images.workspace_id is 'workspace; 0 is the default one';

comment on column images.visibility is 'PRIVATE, PUBLIC, HIDDEN, …';

comment on column images.origin is 'CUSTOMIZE, IMAGE_SAVE, …';

comment on column images.service_type is 'COMMON, INFERENCE, TRAIN, DEV, UNKNOWN, …';

comment on column images.flavor_type is 'ASCEND_SNT9, ASCEND_SNT9B, ASCEND_SNT3, …';

comment on column images.size is 'as reported (documented in KB, observed in bytes)';

comment on column images.swr_path is 'the image''s address in the registry; not unique';

comment on column images.swr_registry is 'of swr_path: host, with the port if it has one';

comment on column images.swr_organization is 'of swr_path: the organisation';

comment on column images.swr_repository is 'of swr_path: the repository';

comment on column images.swr_tag is 'of swr_path: the tag or digest';

comment on column images.swr_instance_id is 'id of the SWR enterprise instance';

comment on column images.show_name is 'display name';

comment on column images.show_tag is 'display tag';

comment on column images.status_message is 'the API''s explanation of the status';

comment on column images.dev_services is 'JSON array of text: NOTEBOOK, SSH, AI_FLOW, …';

comment on column images.resource_categories is 'JSON array of text: CPU, GPU, ASCEND, …';

comment on column images.tags is 'JSON array of {key, value}';

comment on column images.created_at is 'when the image was created, according to the API';

comment on column images.updated_at is 'last update according to the API; not used to detect changes';

comment on column images.extra is 'unknown fields as they came with this version';

comment on column images.version is 'number of its latest version, from 1';

comment on column images.first_seen_at is 'observed_at of the run that first saw the image';

comment on column images.last_seen_at is 'latest certified walk that saw it, or its latest change if later';

comment on column images.last_changed_at is 'observed_at of the run that brought its latest version';

comment on column images.missing_since is 'first certified walk without it; null: not missing';

comment on column images.removed_at is 'observed_at of the run that found it removed; null unless removed';

comment on column images.listing is 'TYPE/WORKSPACE of the listing that gave this version';

create or replace view image_versions as select
    source, image_id, version, valid_from, valid_to, opened_run_id as run_id,
    name, description, type, status, arch, tag, namespace, workspace_id, visibility, origin, service_type, flavor_type, size, swr_path, swr_registry, swr_organization, swr_repository, swr_tag, swr_instance_id, show_name, show_tag, status_message, dev_services, resource_categories, tags, created_at, updated_at, extra, opened_as, closed_as, closed_run_id
from current_images
union all
select
    source, image_id, version, valid_from, valid_to, opened_run_id as run_id,
    name, description, type, status, arch, tag, namespace, workspace_id, visibility, origin, service_type, flavor_type, size, swr_path, swr_registry, swr_organization, swr_repository, swr_tag, swr_instance_id, show_name, show_tag, status_message, dev_services, resource_categories, tags, created_at, updated_at, extra, opened_as, closed_as, closed_run_id
from past_versions;

comment on view image_versions is 'One row for each version of each image; valid from valid_from to valid_to';

comment on column image_versions.source is 'name of the source in the configuration';

comment on column image_versions.image_id is 'the API''s id, unique within a source';

comment on column image_versions.version is 'number of the version, from 1';

comment on column image_versions.valid_from is 'observed_at of the run that created this version';

comment on column image_versions.valid_to is 'observed_at of the run that ended it; null: current';

comment on column image_versions.run_id is 'the run that created this version';

comment on column image_versions.name is 'the image''s name, without surrounding white space; not unique';

comment on column image_versions.description is 'the image''s description';

comment on column image_versions.type is 'BUILD_IN, DEDICATED, or another value as reported';

comment on column image_versions.status is 'INIT, CREATING, CREATE_FAILED, ERROR, DELETED, ACTIVE, …';

comment on column image_versions.arch is 'processor architecture in lower case: x86_64, aarch64, …';

comment on column image_versions.tag is 'the image''s tag';

comment on column image_versions.namespace is 'SWR organisation, as the API names it';

comment on column image_versions.workspace_id is 'workspace; 0 is the default one';

comment on column image_versions.visibility is 'PRIVATE, PUBLIC, HIDDEN, …';

comment on column image_versions.origin is 'CUSTOMIZE, IMAGE_SAVE, …';

comment on column image_versions.service_type is 'COMMON, INFERENCE, TRAIN, DEV, UNKNOWN, …';

comment on column image_versions.flavor_type is 'ASCEND_SNT9, ASCEND_SNT9B, ASCEND_SNT3, …';

comment on column image_versions.size is 'as reported (documented in KB, observed in bytes)';

comment on column image_versions.swr_path is 'the image''s address in the registry; not unique';

comment on column image_versions.swr_registry is 'of swr_path: host, with the port if it has one';

comment on column image_versions.swr_organization is 'of swr_path: the organisation';

comment on column image_versions.swr_repository is 'of swr_path: the repository';

comment on column image_versions.swr_tag is 'of swr_path: the tag or digest';

comment on column image_versions.swr_instance_id is 'id of the SWR enterprise instance';

comment on column image_versions.show_name is 'display name';

comment on column image_versions.show_tag is 'display tag';

comment on column image_versions.status_message is 'the API''s explanation of the status';

comment on column image_versions.dev_services is 'JSON array of text: NOTEBOOK, SSH, AI_FLOW, …';

comment on column image_versions.resource_categories is 'JSON array of text: CPU, GPU, ASCEND, …';

comment on column image_versions.tags is 'JSON array of {key, value}';

comment on column image_versions.created_at is 'when the image was created, according to the API';

comment on column image_versions.updated_at is 'last update according to the API; not used to detect changes';

comment on column image_versions.extra is 'unknown fields as they came with this version';

comment on column image_versions.opened_as is 'added, changed, restored or in_scope';

comment on column image_versions.closed_as is 'changed, removed or out_of_scope; null: current';

comment on column image_versions.closed_run_id is 'the run that ended this version';

create or replace view image_changes as select v.opened_run_id as run_id, v.valid_from as at, v.source, v.image_id, v.name,
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

comment on view image_changes is 'What each run changed: one row for each event and each changed field';

comment on column image_changes.run_id is 'the run that made the change';

comment on column image_changes.at is 'observed_at of that run';

comment on column image_changes.source is 'name of the source in the configuration';

comment on column image_changes.image_id is 'the API''s id, unique within a source';

comment on column image_changes.name is 'the image''s name in that version';

comment on column image_changes.kind is 'added, changed, removed, restored, out_of_scope or in_scope';

comment on column image_changes.field is 'the tracked column that changed; null unless kind is changed';

comment on column image_changes.old_value is 'JSON text of the value before; null unless kind is changed';

comment on column image_changes.new_value is 'JSON text of the value after; null unless kind is changed';

comment on column image_changes.version is 'number of the version that it began or ended';

comment on column image_changes.entry is 'number of the log entry that contains the change';

create or replace view image_dev_services as select c.source, c.image_id, each.value #>> '{}' as dev_service
from current_images as c, jsonb_array_elements(c.dev_services) as each(value);

comment on view image_dev_services is 'One row for each development service of each image';

comment on column image_dev_services.source is 'name of the source in the configuration';

comment on column image_dev_services.image_id is 'the API''s id, unique within a source';

comment on column image_dev_services.dev_service is 'NOTEBOOK, SSH, AI_FLOW, …';

create or replace view image_resource_categories as select c.source, c.image_id, each.value #>> '{}' as resource_category
from current_images as c, jsonb_array_elements(c.resource_categories) as each(value);

comment on view image_resource_categories is 'One row for each resource category of each image';

comment on column image_resource_categories.source is 'name of the source in the configuration';

comment on column image_resource_categories.image_id is 'the API''s id, unique within a source';

comment on column image_resource_categories.resource_category is 'CPU, GPU, ASCEND, …';

create or replace view image_tags as select c.source, c.image_id, each.value ->> 'key' as key, each.value ->> 'value' as value
from current_images as c, jsonb_array_elements(c.tags) as each(value);

comment on view image_tags is 'One row for each tag of each image';

comment on column image_tags.source is 'name of the source in the configuration';

comment on column image_tags.image_id is 'the API''s id, unique within a source';

comment on column image_tags.key is 'the tag''s key';

comment on column image_tags.value is 'its value; may be null';

create or replace view image_components as select c.source, c.image_id, each.value ->> 0 as component, each.value ->> 1 as version, c.state
from current_images as c, jsonb_array_elements(c.components) as each(value);

comment on view image_components is 'Software named in each image''s name, tag, path and description';

comment on column image_components.source is 'name of the source in the configuration';

comment on column image_components.image_id is 'the API''s id, unique within a source';

comment on column image_components.component is 'python, pytorch, tensorflow, mindspore, cuda, cann, ubuntu, …';

comment on column image_components.version is 'version as spelled there';

comment on column image_components.state is 'the image''s state: present, removed or out_of_scope';
