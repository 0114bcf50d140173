-- What is inside the present images, and how many are made of just that?
select components, count(*) as images
from current_images
where state = 'present'
group by components
