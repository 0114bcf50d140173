-- question: How many present images are built on each release that has ended or ends soon?
-- parameters: releases, today, last_day, is_total
-- order: ends_on, component, release; with `is_total`, it is one row over all releases
-- The images and rows are those of the report `end-of-life`.
with release_ends as (
    select distinct  -- so that SQLite reads the list once
        {{ member(0) }} as component, {{ member(1) }} as release, {{ member(2) }} as ends_on
    from {{ elements_of_text(":releases") }}
),
contents as (
    select c.components, count(*) as images
    from {{ whole("current_images", "c") }}
    where c.state = 'present'
    group by c.components
),
mentions as (
    select k.components, k.images, {{ member(0) }} as component, {{ member(1) }} as version
    from contents as k, {{ elements("k.components") }}
),
ending as (
    select m.components, m.images, e.component, e.release, e.ends_on
    from mentions as m
    join release_ends as e
        on e.component = m.component
        and (m.version = e.release or substr(m.version, 1, length(e.release) + 1) = e.release || '.')
    where e.ends_on <= :last_day
)
{% if is_total %}
, of_content as (
    select
        images, count(*) as mentions, max(case when ends_on < :today then 1 else 0 end) as ended,
        max(case when ends_on >= :today then 1 else 0 end) as ending
    from ending
    group by components, images
)
select
    cast(coalesce(sum(images * ended), 0) as bigint) as ended_images,
    cast(coalesce(sum(images * ending), 0) as bigint) as ending_images,
    cast(coalesce(sum(images * mentions), 0) as bigint) as ending_rows
from of_content
order by 1
{% else %}
, of_release as (
    select distinct components, images, component, release, ends_on
    from ending
)
select
    component, release, ends_on, {{ days_between(":today", "ends_on") }} as days_left,
    cast(sum(images) as bigint) as images
from of_release
group by component, release, ends_on
order by ends_on, {{ by_text("component") }}, {{ by_text("release") }}
{% endif %}
