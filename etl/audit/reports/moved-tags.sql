-- question: Which tags moved: the same swr_path with other content, or a path or name and tag that passed to a later image?
-- since: 30d
-- parameters: sources, since, until, first_run, limit
-- order: at from the latest, source, image_id, how, was
with began as (
    select source, min(observed_at) as at
    from source_runs
    group by source
),
content as (
    select f.image_key, f.version, 'same path, other ' || f.field as how, f.old_value as was, f.new_value as became
    from field_changes as f
    where f.field in ('size', 'tag')
        {% if first_run %}and f.run_id >= :first_run{% endif %}
        and not exists (
            select 1
            from field_changes as p
            where p.image_key = f.image_key and p.version = f.version and p.field = 'swr_path'
        )
),
late as (
    select c.image_key, c.first_seen_at, c.source, c.image_id, c.name, c.tag, c.swr_path
    from current_images as c
    where c.version = 1
        {% if first_run %}and c.opened_run_id >= :first_run{% endif %}
    union all
    select c.image_key, c.first_seen_at, c.source, c.image_id, c.name, c.tag, c.swr_path
    from past_versions as s
    join current_images as c on c.image_key = s.image_key
    where s.version = 1
        {% if first_run %}and s.opened_run_id >= :first_run{% endif %}
),
passed as (
    select
        l.first_seen_at as at, l.source, l.image_id, l.name,
        (
            select e.image_id
            from current_images as e
            where e.swr_path = l.swr_path and e.source = l.source and e.first_seen_at < l.first_seen_at
            order by e.first_seen_at desc, e.image_key desc
            limit 1
        ) as before_by_path,
        (
            select e.image_id
            from current_images as e
            where e.name = l.name and e.source = l.source and e.first_seen_at < l.first_seen_at
                and (e.tag = l.tag or (e.tag is null and l.tag is null))
            order by e.first_seen_at desc, e.image_key desc
            limit 1
        ) as before_by_name
    from late as l
    join began as b on b.source = l.source and b.at < l.first_seen_at
),
moved as (
    select c.valid_from as at, c.source, c.image_id, c.name, m.how, m.was, m.became
    from content as m
    join current_images as c on c.image_key = m.image_key and c.version = m.version
    union all
    select s.valid_from, s.source, s.image_id, s.name, m.how, m.was, m.became
    from content as m
    join past_versions as s on s.image_key = m.image_key and s.version = m.version
    union all
    select p.at, p.source, p.image_id, p.name, 'same path, other image', p.before_by_path, p.image_id
    from passed as p
    where p.before_by_path is not null
    union all
    select p.at, p.source, p.image_id, p.name, 'same name and tag, other image', p.before_by_name, p.image_id
    from passed as p
    where p.before_by_name is not null
)
select m.at, m.source, m.image_id, m.name, m.how, m.was, m.became
from moved as m
where true
    {% if since %}and m.at >= :since{% endif %}
    {% if until %}and m.at < :until{% endif %}
    {% if sources %}and m.source in :sources{% endif %}
order by m.at desc, m.source, m.image_id, m.how, {{ by_text("m.was") }}
{% if limit %}limit :limit{% endif %}
