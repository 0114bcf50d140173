-- How many images did each source have after each of its runs?
select run_id, source, observed_at, present
from source_runs
order by observed_at, source
