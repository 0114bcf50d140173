-- question: Which images are there?
-- parameters: sources, since and until (latest change), run (that brought the latest version), state, absent, arch, type, dev_service, limit
-- order: source, image_id
-- shown: source, image_id, state, name, tag, type, arch, status, last_changed_at
select
    i.source, i.image_id, i.state,
    i.name, i.description, i.type, i.status, i.arch, i.tag, i.namespace, i.workspace_id,
    i.visibility, i.origin, i.service_type, i.flavor_type, i.size, i.swr_path,
    i.swr_registry, i.swr_organization, i.swr_repository, i.swr_tag, i.swr_instance_id,
    i.show_name, i.show_tag, i.status_message, i.dev_services, i.resource_categories,
    i.tags, i.created_at, i.updated_at,
    i.extra, i.version, i.first_seen_at, i.last_seen_at, i.last_changed_at, i.missing_since,
    i.removed_at, i.listing
from images as i
where true
    and i.source in :sources -- when sources
    and i.state = :state -- when state
    and i.state <> 'present' -- when absent
    and i.arch = :arch -- when arch
    and i.type = :type -- when type
    and i.last_changed_at >= :since -- when since
    and i.last_changed_at < :until -- when until
    and exists (select 1 from json_each(i.dev_services) as each where each.value = :dev_service) -- when dev_service sqlite
    and i.dev_services @> jsonb_build_array(cast(:dev_service as text)) -- when dev_service postgresql
    and (i.source, i.image_id) in (select v.source, v.image_id from image_versions as v where v.run_id = :run and v.valid_to is null) -- when run
order by i.source, i.image_id
limit :limit -- when limit
