-- question: What did the latest runs do to each source?
-- parameters: run
-- order: run_id, source
-- A first load found a source without images: it would dwarf everything after it.
select
    run_id, source, status, observed_at, changed,
    added + restored + in_scope as added, removed + out_of_scope as removed,
    added + changed + removed + restored + in_scope + out_of_scope as events,
    added > 0 and present = added + restored + in_scope - removed - out_of_scope as is_first_load
from source_runs
where run_id >= :run
order by run_id, source
