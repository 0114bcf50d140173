-- question: How many dedicated images has each workspace and organisation, and how large are they?
-- parameters: sources, limit
-- order: size_sum from the largest, source, workspace_id, swr_organization
-- reads: catalogue
-- column images: number of present dedicated images
-- column size_sum: sum of the sizes that are known, in bytes
-- column size_largest: the largest size, in bytes
-- column without_size: number of images without a size
select
    c.source, c.workspace_id, c.swr_organization, count(*) as images,
    coalesce(cast(sum(c.size) as bigint), 0) as size_sum, max(c.size) as size_largest,
    count(*) - count(c.size) as without_size
from {{ whole("current_images", "c") }}
where c.state = 'present' and c.type = 'DEDICATED'
    {% if sources %}and c.source in :sources{% endif %}
group by c.source, c.workspace_id, c.swr_organization
order by size_sum desc, c.source, {{ by_text("c.workspace_id") }}, {{ by_text("c.swr_organization") }}
{% if limit %}limit :limit{% endif %}
