-- question: Which images have this id, an id that begins so, this name or this swr_path?
-- parameters: image_id, or first_id and last_id, or name, or swr_path; sources, limit
-- order: source, image_id
select c.source, c.image_id, c.name
from current_images as c
where true
    and c.source in (select distinct r.source from source_runs as r) and c.image_id = :image_id -- when image_id
    and c.source in (select distinct r.source from source_runs as r) and c.image_id >= :first_id and c.image_id < :last_id -- when first_id
    and c.name = :name -- when name
    and c.swr_path = :swr_path -- when swr_path
    and c.source in :sources -- when sources
order by c.source, c.image_id
limit :limit -- when limit
