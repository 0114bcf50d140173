-- How many removals are on record?
select count(*) as total
from image_removals
