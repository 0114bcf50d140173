-- question: How many images did each source have after each of its runs?
-- parameters: none
-- order: observed_at, source
select run_id, source, observed_at, present
from source_runs
order by observed_at, source
