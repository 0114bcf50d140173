-- What did each run do? First loads are told apart: they would dwarf everything after them.
-- run: only this run's sources and later ones
select
    run_id, source, status, observed_at, certificate, seen, added, changed, removed, restored,
    in_scope, out_of_scope, held, missing, rejected, present, previous_digest is null as is_first
from source_runs
where run_id >= :run
order by run_id, source
