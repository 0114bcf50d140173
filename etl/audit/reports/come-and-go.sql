-- question: Which images were removed and came back?
-- parameters: sources, limit
-- order: removals from the most, source, image_id
-- reads: runs
-- column removals: number of removals
-- column restorations: number of times it came back
-- column removed_at: observed_at of the latest removal
-- column restored_at: observed_at of the latest return
-- column state: the image's state now
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
