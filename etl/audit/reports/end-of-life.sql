-- question: Which present images are built on releases whose support has ended, or ends soon?
-- example: --within 365d
-- parameters: sources, releases, today, last_day, limit
-- order: ends_on, component, release, source, image_id
-- shown: component, version, ends_on, days_left, source, image_id, name, according_to
-- optional: according_to, days_left
-- reads: catalogue
-- column component: software found in the image, as in image_components
-- column version: its version, as the image's texts give it
-- column release: the release that the version belongs to
-- column ends_on: the date on which the release's support ends
-- column days_left: days until then; negative after the end
-- column according_to: the page that publishes the date
with release_ends as (
    select distinct  -- so that SQLite reads the list once
        {{ member(0) }} as component, {{ member(1) }} as release, {{ member(2) }} as ends_on,
        {{ member(3) }} as according_to
    from {{ elements_of_text(":releases") }}
),
contents as (
    select c.components, count(*) as images
    from {{ whole("current_images", "c") }}
    where c.state = 'present'
        {% if sources %}and c.source in :sources{% endif %}
    group by c.components
),
mentions as (
    select k.components, k.images, {{ member(0) }} as component, {{ member(1) }} as version
    from contents as k, {{ elements("k.components") }}
),
ending as {{ materialized() }} (
    select
        m.components, m.component, m.version, e.release, e.ends_on, e.according_to,
        dense_rank() over by_release as place,
        coalesce(sum(m.images) over (by_release groups between unbounded preceding and 1 preceding), 0) as rows_before
    from mentions as m
    join release_ends as e
        on e.component = m.component
        and (m.version = e.release or substr(m.version, 1, length(e.release) + 1) = e.release || '.')
    where e.ends_on <= :last_day
    window by_release as (order by e.ends_on, e.component, e.release)
)
select
    e.component, e.version, e.release, e.ends_on, {{ days_between(":today", "e.ends_on") }} as days_left,
    c.source, c.image_id, c.name, c.type, c.swr_path, e.according_to
from {{ whole("current_images", "c") }}
cross join ending as e
where c.components = e.components and c.state = 'present'
    {% if limit %}and e.rows_before < :limit{% endif %}
    {% if sources %}and c.source in :sources{% endif %}
order by e.place, c.source, c.image_id
{% if limit %}limit :limit{% endif %}
