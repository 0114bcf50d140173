-- question: Which run is the first whose changes can matter to a question?
-- parameters: since (of the answer), or rows (so many rows are wanted, latest first)
-- order: none, it is one row
with counted as (
    select run_id, sum(added + changed + removed + restored + in_scope + out_of_scope) as changes
    from source_runs
    where true
        and observed_at >= :since -- when since
    group by run_id
),
summed as (
    select run_id, sum(changes) over (order by run_id desc) as changes
    from counted
)
select
    coalesce(min(s.run_id), 9223372036854775807) as first_run -- when since
    coalesce(max(s.run_id), 0) as first_run -- when rows
from summed as s
where true
    and s.changes >= :rows -- when rows
order by 1
