-- How many present images are absent from the listings, undecided and not held?
select count(*) as total
from current_images as c
left join held_removals as h
    on h.source = c.source and h.image_id = c.image_id and h.released_at is null
where c.missing_since is not null and h.source is null
