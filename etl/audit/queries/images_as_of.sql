-- question: Which images were there at an instant, or after a run, and what were they then?
-- parameters: at or at_run; present, gone (removed or out_of_scope) or any; sources, since and until (begin of the version), run (that brought it), arch, type, dev_service, limit
-- order: source, image_id
-- shown: source, image_id, name, tag, type, arch, status, valid_from
with bounds as ( -- when at_run
    select -- when at_run
        source, -- when at_run
        coalesce( -- when at_run
            max(case when run_id = :at_run then observed_at end), -- when at_run
            max(case when run_id < :at_run then observed_at end) -- when at_run
        ) as at -- when at_run
    from source_runs -- when at_run
    group by source -- when at_run
) -- when at_run
select
    v.source, v.image_id,
    'present' as state, -- when present
    v.closed_as as state, -- when gone
    case when v.valid_to is null or v.valid_to > :at then 'present' else v.closed_as end as state, -- when any at
    case when v.valid_to is null or v.valid_to > b.at then 'present' else v.closed_as end as state, -- when any at_run
    v.name, v.description, v.type, v.status, v.arch, v.tag, v.namespace, v.workspace_id,
    v.visibility, v.origin, v.service_type, v.flavor_type, v.size, v.swr_path,
    v.swr_registry, v.swr_organization, v.swr_repository, v.swr_tag, v.swr_instance_id,
    v.show_name, v.show_tag, v.status_message, v.dev_services, v.resource_categories,
    v.tags, v.created_at, v.updated_at,
    v.extra, v.version, v.valid_from, v.valid_to, v.run_id
from image_versions as v
join bounds as b on b.source = v.source -- when at_run
where true
    and v.valid_from <= :at -- when at
    and (v.valid_to is null or v.valid_to > :at) -- when present at
    and v.valid_to <= :at and v.closed_as = :gone and not exists (select 1 from image_versions as n where n.source = v.source and n.image_id = v.image_id and n.version = v.version + 1 and n.valid_from <= :at) -- when gone at
    and (v.valid_to is null or v.valid_to > :at or (v.closed_as <> 'changed' and not exists (select 1 from image_versions as n where n.source = v.source and n.image_id = v.image_id and n.version = v.version + 1 and n.valid_from <= :at))) -- when any at
    and v.valid_from <= b.at -- when at_run
    and (v.valid_to is null or v.valid_to > b.at) -- when present at_run
    and v.valid_to <= b.at and v.closed_as = :gone and not exists (select 1 from image_versions as n where n.source = v.source and n.image_id = v.image_id and n.version = v.version + 1 and n.valid_from <= b.at) -- when gone at_run
    and (v.valid_to is null or v.valid_to > b.at or (v.closed_as <> 'changed' and not exists (select 1 from image_versions as n where n.source = v.source and n.image_id = v.image_id and n.version = v.version + 1 and n.valid_from <= b.at))) -- when any at_run
    and v.source in :sources -- when sources
    and v.arch = :arch -- when arch
    and v.type = :type -- when type
    and v.valid_from >= :since -- when since
    and v.valid_from < :until -- when until
    and v.run_id = :run -- when run
    and exists (select 1 from json_each(v.dev_services) as each where each.value = :dev_service) -- when dev_service sqlite
    and v.dev_services @> jsonb_build_array(cast(:dev_service as text)) -- when dev_service postgresql
order by v.source, v.image_id
limit :limit -- when limit
