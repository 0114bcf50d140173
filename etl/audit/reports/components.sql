-- question: Which frameworks, CUDA, Python and operating-system releases are the present images built on?
-- parameters: sources, limit
-- order: component, images from the most, version
with contents as (
    select c.components, count(*) as images
    from current_images as c -- when postgresql
    from current_images as c not indexed -- when sqlite
    where c.state = 'present'
        and c.source in :sources -- when sources
    group by c.components
),
said as (
    select json_extract(each.value, '$[0]') as component, json_extract(each.value, '$[1]') as version, k.images -- when sqlite
    from contents as k, json_each(k.components) as each -- when sqlite
    select each.value ->> 0 as component, each.value ->> 1 as version, k.images -- when postgresql
    from contents as k, jsonb_array_elements(k.components) as each(value) -- when postgresql
)
select s.component, s.version, cast(sum(s.images) as bigint) as images
from said as s
group by s.component, s.version
order by s.component, images desc, s.version nulls first -- when sqlite
order by s.component collate "C", images desc, s.version collate "C" nulls first -- when postgresql
limit :limit -- when limit
