-- question: Which sets of components do the present images have, and how many images have each?
-- parameters: none
-- order: none, the page sorts them
select components, count(*) as images
from {{ whole("current_images", "c") }}
where state = 'present'
group by components
order by images
