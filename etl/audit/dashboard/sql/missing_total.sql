-- How many present images are absent from the listings, undecided?
select count(*) as total
from catalogue
where missing_since is not null
