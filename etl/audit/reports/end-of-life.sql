-- question: Which present images are built on releases whose support has ended?
-- parameters: sources, today, limit
-- order: ended_on, component, release, source, image_id
-- shown: component, version, ended_on, source, image_id, name, according_to
with contents as (
    select c.components, count(*) as images
    from {{ whole("current_images", "c") }}
    where c.state = 'present'
        {% if sources %}and c.source in :sources{% endif %}
    group by c.components
),
said as (
    select k.components, k.images, {{ member(0) }} as component, {{ member(1) }} as version
    from contents as k, {{ elements("k.components") }}
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
from {{ whole("current_images", "c") }}
cross join ended as e
where c.components = e.components and c.state = 'present'
    {% if limit %}and e.rows_before < :limit{% endif %}
    {% if sources %}and c.source in :sources{% endif %}
order by e.place, c.source, c.image_id
{% if limit %}limit :limit{% endif %}
