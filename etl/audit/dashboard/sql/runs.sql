-- The latest runs.
select run_id, kind, started_at, finished_at, status, exit_code, version, host
from sync_runs
order by run_id desc
limit :limit
