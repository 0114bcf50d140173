-- question: Which present images are built on releases whose support has ended?
-- parameters: today (a date), sources, limit
-- order: ended_on, component, release, source, image_id
-- shown: component, version, ended_on, source, image_id, name, according_to
with contents as (
    select c.components, count(*) as images
    from current_images as c
    where c.state = 'present'
        and c.source in :sources -- when sources
    group by c.components
),
said as (
    select k.components, k.images, each.value ->> 0 as component, each.value ->> 1 as version
    from contents as k, jsonb_array_elements(k.components) as each(value)
),
ended as materialized (
    select
        s.components, s.component, s.version, e.release, e.ended_on, e.according_to,
        dense_rank() over by_release as place,
        coalesce(sum(s.images) over (by_release groups between unbounded preceding and 1 preceding), 0) as rows_before
    from said as s
    join release_ends as e
        on e.component = s.component
        and (s.version = e.release or s.version like e.release || '.%')
    where e.ended_on < :today
    window by_release as (order by e.ended_on, e.component, e.release)
)
select
    e.component, e.version, e.release, e.ended_on, c.source, c.image_id, c.name, c.type,
    c.swr_path, e.according_to
from ended as e
join current_images as c on c.components = e.components
where c.state = 'present'
    and e.rows_before < :limit -- when limit
    and c.source in :sources -- when sources
order by e.place, c.source, c.image_id
limit :limit -- when limit
