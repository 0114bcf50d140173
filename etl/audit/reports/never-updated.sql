-- question: Which are the oldest present images that were never updated?
-- parameters: sources, limit
-- order: created_at, source, image_id
-- shown: created_at, updated_at, source, image_id, name, type
-- reads: catalogue
select
    c.created_at, c.updated_at, c.source, c.image_id, c.name, c.type, c.swr_path, c.first_seen_at
from {{ whole("current_images", "c") }}
where c.state = 'present' and c.version = 1 and c.created_at is not null
    and (c.updated_at is null or c.updated_at <= c.created_at)
    {% if sources %}and c.source in :sources{% endif %}
order by c.created_at, c.source, c.image_id
{% if limit %}limit :limit{% endif %}
