-- question: Which run is the first whose changes can matter to a question?
-- parameters: since, rows
-- order: none, it is one row
with counted as (
    select run_id, sum(added + changed + removed + restored + in_scope + out_of_scope) as changes
    from source_runs
    where true
        {% if since %}and observed_at >= :since{% endif %}
    group by run_id
),
summed as (
    select run_id, sum(changes) over (order by run_id desc) as changes
    from counted
)
select
    {% if since %}coalesce(min(s.run_id), 9223372036854775807) as first_run{% endif %}
    {% if rows %}coalesce(max(s.run_id), 0) as first_run{% endif %}
from summed as s
where true
    {% if rows %}and s.changes >= :rows{% endif %}
order by 1
