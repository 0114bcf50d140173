-- question: How many images are present, by type, architecture, status and service?
-- parameters: sources, limit
-- order: images from the most, then source, type, arch, status, service_type
-- reads: catalogue
-- column images: number of present images
-- column size_sum: sum of the sizes that are known, in bytes; null: none is known
select
    c.source, c.type, c.arch, c.status, c.service_type, count(*) as images,
    cast(sum(c.size) as bigint) as size_sum
from {{ whole("current_images", "c") }}
where c.state = 'present'
    {% if sources %}and c.source in :sources{% endif %}
group by c.source, c.type, c.arch, c.status, c.service_type
order by images desc, c.source, {{ by_text("c.type") }}, {{ by_text("c.arch") }}, {{ by_text("c.status") }}, {{ by_text("c.service_type") }}
{% if limit %}limit :limit{% endif %}
