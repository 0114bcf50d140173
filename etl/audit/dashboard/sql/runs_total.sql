-- How many runs are on record?
select count(*) as total
from sync_runs
