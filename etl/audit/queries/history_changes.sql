-- question: Which fields did each version of an image change?
-- parameters: sources, image_id
-- order: source, version, field
select c.source, f.version, f.field, f.old_value, f.new_value
from current_images as c
join field_changes as f on f.image_key = c.image_key
where c.source in :sources and c.image_id = :image_id
order by c.source, f.version, f.field
