-- question: Which images have this id, an id that begins so, this name or this swr_path?
-- parameters: sources, image_id, first_id, last_id, name, swr_path, limit
-- order: source, image_id
select c.source, c.image_id, c.name
from current_images as c
where true
    {% if image_id %}and c.source in (select distinct r.source from source_runs as r) and c.image_id = :image_id{% endif %}
    {% if first_id %}and c.source in (select distinct r.source from source_runs as r) and c.image_id >= :first_id and c.image_id < :last_id{% endif %}
    {% if name %}and c.name = :name{% endif %}
    {% if swr_path %}and c.swr_path = :swr_path{% endif %}
    {% if sources %}and c.source in :sources{% endif %}
order by c.source, c.image_id
{% if limit %}limit :limit{% endif %}
