-- question: What are each source's last run, last certified walk and images by state?
-- parameters: sources
-- order: source
-- shown: source, last_run_id, last_run_status, last_run_at, age, is_stale, present, removed, held, missing, out_of_scope, certified_at, vanished_at, retired_at
-- optional: vanished_at, certified_at, retired_at, out_of_scope, missing, last_run_at, last_run_id, is_stale, removed, last_run_status
with latest as (
    select
        source, max(observed_at) as observed_at,
        max(case when certificate <> 'none' then observed_at end) as certified_at
    from source_runs
    group by source
),
absent as (
    select
        source,
        sum(case when state = 'removed' then 1 else 0 end) as removed,
        sum(case when state = 'out_of_scope' then 1 else 0 end) as out_of_scope
    from current_images
    where state <> 'present'
    group by source
),
missing as (
    select c.source, count(*) as missing
    from current_images as c
    left join held_removals as h
        on h.source = c.source and h.image_id = c.image_id and h.released_at is null
    where c.missing_since is not null and h.source is null
    group by c.source
),
held as (
    select source, count(*) as held
    from held_removals
    where released_at is null
    group by source
)
select
    l.source, r.run_id as last_run_id, r.status as last_run_status, r.observed_at as last_run_at,
    r.certificate as last_certificate, l.certified_at,
    r.present, coalesce(a.removed, 0) as removed, coalesce(a.out_of_scope, 0) as out_of_scope,
    coalesce(m.missing, 0) as missing, coalesce(h.held, 0) as held,
    r.error_kind, r.error_message, d.label as discovered_by, d.vanished_at,
    case when k.kind = 'retire' then r.observed_at end as retired_at
from latest as l
join source_runs as r on r.source = l.source and r.observed_at = l.observed_at
join sync_runs as k on k.run_id = r.run_id
left join absent as a on a.source = l.source
left join missing as m on m.source = l.source
left join held as h on h.source = l.source
left join discovered_sources as d on d.source = l.source
where true
    {% if sources %}and l.source in :sources{% endif %}
order by l.source
