-- question: Which images come and go: removed, and then back?
-- parameters: sources, limit
-- order: removals from the most, source, image_id
select
    r.source, r.image_id, c.name, c.state, count(*) as removals,
    count(r.restored_at) as restorations, max(r.removed_at) as removed_at,
    max(r.restored_at) as restored_at
from image_removals as r
join current_images as c on c.source = r.source and c.image_id = r.image_id
where true
    {% if sources %}and r.source in :sources{% endif %}
group by r.source, r.image_id, c.name, c.state
having count(r.restored_at) > 0
order by removals desc, r.source, r.image_id
{% if limit %}limit :limit{% endif %}
