-- question: What did the latest runs do to each source?
-- parameters: run
-- order: run_id, source
select
    run_id, source, status, observed_at, added, changed, removed, restored, in_scope, out_of_scope,
    present
from source_runs
where run_id >= :run
order by run_id, source
