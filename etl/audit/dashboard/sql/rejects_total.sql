-- How many records can't be understood?
select count(*) as total
from rejects
where resolved_at is null
