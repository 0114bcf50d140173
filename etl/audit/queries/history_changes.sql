-- question: Which fields did each version of an image change?
-- parameters: source, image_id
-- order: version, field
select f.version, f.field, f.old_value, f.new_value
from current_images as c
join field_changes as f on f.image_key = c.image_key
where c.source = :source and c.image_id = :image_id
order by f.version, f.field
