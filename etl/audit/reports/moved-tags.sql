-- question: Which tags moved: the same swr_path with other content, or a path or name and tag that passed to another image?
-- parameters: since, until, sources, limit
-- order: at from the latest, source, image_id, how, was
with content as (
    select
        h.at, h.source, h.image_id, h.name, 'same path, other ' || h.field as how,
        h.old_value as was, h.new_value as became, h.run_id, h.version
    from image_changes as h
    where h.kind = 'changed' and h.field in ('size', 'tag')
        and h.run_id >= :first_run -- when first_run
),
same_path as (
    select c.at, c.source, c.image_id, c.name, c.how, c.was, c.became
    from content as c
    where not exists (
        select 1
        from catalogue as i
        join field_changes as f on f.image_key = i.image_key
        where i.source = c.source and i.image_id = c.image_id
            and f.version = c.version and f.field = 'swr_path'
    )
),
followed as (
    select
        c.first_seen_at as at, c.source, c.image_id, c.name, c.swr_path, c.tag,
        lag(c.image_id) over (
            partition by c.source, c.swr_path order by c.first_seen_at, c.image_key
        ) as before_by_path,
        lag(c.image_id) over (
            partition by c.source, c.name, c.tag order by c.first_seen_at, c.image_key
        ) as before_by_name
    from catalogue as c
),
moved as (
    select s.at, s.source, s.image_id, s.name, s.how, s.was, s.became
    from same_path as s
    union all
    select
        f.at, f.source, f.image_id, f.name, 'same path, other image', f.before_by_path, f.image_id
    from followed as f
    where f.swr_path is not null and f.before_by_path is not null
    union all
    select
        f.at, f.source, f.image_id, f.name, 'same name and tag, other image',
        f.before_by_name, f.image_id
    from followed as f
    where f.name is not null and f.before_by_name is not null
)
select m.at, m.source, m.image_id, m.name, m.how, m.was, m.became
from moved as m
where true
    and m.at >= :since -- when since
    and m.at < :until -- when until
    and m.source in :sources -- when sources
order by m.at desc, m.source, m.image_id, m.how, m.was
limit :limit -- when limit
