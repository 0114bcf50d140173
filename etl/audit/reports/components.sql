-- question: Which frameworks, accelerators, languages and operating systems are the present images built on?
-- parameters: sources, limit
-- order: component, images from the most, version
-- reads: catalogue
-- column component: software found in the images, as in image_components
-- column version: its version; null: none is given
-- column images: number of present images
with contents as (
    select c.components, count(*) as images
    from {{ whole("current_images", "c") }}
    where c.state = 'present'
        {% if sources %}and c.source in :sources{% endif %}
    group by c.components
),
found as (
    select {{ member(0) }} as component, {{ member(1) }} as version, k.images
    from contents as k, {{ elements("k.components") }}
)
select f.component, f.version, cast(sum(f.images) as bigint) as images
from found as f
group by f.component, f.version
order by {{ by_text("f.component") }}, images desc, {{ by_text("f.version") }}
{% if limit %}limit :limit{% endif %}
