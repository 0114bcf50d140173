-- How many present images are absent from the listings, undecided?
select count(*) as total
from images
where state = 'present' and missing_since is not null
