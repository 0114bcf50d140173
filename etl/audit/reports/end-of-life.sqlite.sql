-- question: Which present images are built on releases whose support has ended?
-- parameters: today (a date), sources, limit
-- order: ended_on, component, release, source, image_id
-- shown: component, version, ended_on, source, image_id, name, according_to
with contents as (
    select distinct c.components
    from current_images as c not indexed
    where c.state = 'present'
        and c.source in :sources -- when sources
),
said as (
    select
        k.components,
        json_extract(each.value, '$[0]') as component,
        json_extract(each.value, '$[1]') as version
    from contents as k, json_each(k.components) as each
),
ended as materialized (
    select
        s.components, s.component, s.version, e.release, e.ended_on, e.according_to,
        dense_rank() over (order by e.ended_on, e.component, e.release) as place
    from said as s
    join release_ends as e
        on e.component = s.component
        and (s.version = e.release or s.version like e.release || '.%')
    where e.ended_on < :today
)
select
    e.component, e.version, e.release, e.ended_on, c.source, c.image_id, c.name, c.type,
    c.swr_path, e.according_to
from current_images as c not indexed
cross join ended as e on e.components = c.components
where c.state = 'present'
    and c.source in :sources -- when sources
order by e.place, c.source, c.image_id
limit :limit -- when limit
