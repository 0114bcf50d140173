-- question: What is different between the catalogue at one instant (or run) and at another?
-- parameters: from_at or from_run, to_at or to_run, sources, limit
-- order: source, image_id, field
-- shown: source, image_id, name, kind, field, old_value, new_value
with bounds as (
    select
        source,
        min(:from_at) as from_at, -- when from_at
        max(case when run_id <= :from_run then observed_at end) as from_at, -- when from_run
        min(:to_at) as to_at -- when to_at
        max(case when run_id <= :to_run then observed_at end) as to_at -- when to_run
    from source_runs
    where true
        and source in :sources -- when sources
    group by source
),
between_them as (
    select r.run_id, r.source
    from source_runs as r
    join bounds as b on b.source = r.source
    where (b.from_at is null or r.observed_at > b.from_at) and r.observed_at <= b.to_at
),
touched as (
    select c.image_key from between_them as r
    join catalogue as c on c.opened_run_id = r.run_id and c.source = r.source
    union
    select c.image_key from between_them as r
    join catalogue as c on c.closed_run_id = r.run_id and c.source = r.source
    union
    select s.image_key from between_them as r
    join superseded as s on s.opened_run_id = r.run_id and s.source = r.source
    union
    select s.image_key from between_them as r
    join superseded as s on s.closed_run_id = r.run_id and s.source = r.source and s.closed_as <> 'changed'
),
versions as (
    select c.image_key, c.source, c.image_id, c.name, c.version, c.valid_from, c.valid_to
    from touched as t join catalogue as c on c.image_key = t.image_key
    union all
    select s.image_key, s.source, s.image_id, s.name, s.version, s.valid_from, s.valid_to
    from touched as t join superseded as s on s.image_key = t.image_key
),
sides as (
    select
        v.image_key, v.source, v.image_id,
        max(case when v.valid_from <= b.from_at and (v.valid_to is null or v.valid_to > b.from_at) then v.version end) as from_version,
        max(case when v.valid_from <= b.to_at and (v.valid_to is null or v.valid_to > b.to_at) then v.version end) as to_version
    from versions as v
    join bounds as b on b.source = v.source
    group by v.image_key, v.source, v.image_id
),
fields as (
    select d.image_key, f.field, min(f.version) as first_version, max(f.version) as last_version
    from sides as d
    join field_changes as f
        on f.image_key = d.image_key and f.version > d.from_version and f.version <= d.to_version
    group by d.image_key, f.field
),
differences as (
    select
        d.image_key, d.source, d.image_id,
        case when d.from_version is null then 'added' else 'removed' end as kind,
        cast(null as text) as field, cast(null as text) as old_value,
        cast(null as text) as new_value, coalesce(d.to_version, d.from_version) as version
    from sides as d
    where (d.from_version is null) <> (d.to_version is null)
    union all
    select
        d.image_key, d.source, d.image_id, 'changed', f.field, o.old_value, n.new_value,
        d.to_version
    from sides as d
    join fields as f on f.image_key = d.image_key
    join field_changes as o
        on o.image_key = f.image_key and o.version = f.first_version and o.field = f.field
    join field_changes as n
        on n.image_key = f.image_key and n.version = f.last_version and n.field = f.field
    where o.old_value <> n.new_value
)
select x.source, x.image_id, v.name, x.kind, x.field, x.old_value, x.new_value
from differences as x
join versions as v on v.image_key = x.image_key and v.version = x.version
order by x.source, x.image_id, x.field
limit :limit -- when limit
