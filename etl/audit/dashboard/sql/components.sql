-- Which frameworks, toolkits and systems are inside the present images?
select c.component, c.version, count(*) as images
from image_components as c
join images as i on i.source = c.source and i.image_id = c.image_id
where i.state = 'present'
group by c.component, c.version
