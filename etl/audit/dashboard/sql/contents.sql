-- What is inside the present images, and how many are made of just that?
select components, count(*) as images
from catalogue
where state = 'present'
group by components
