-- question: Which runs have later log entries, and up to which entry are there so many changes?
-- parameters: sources, after, rows
-- order: none, it is one row
with counted as (
    select
        entry, run_id,
        sum(added + changed + removed + restored + in_scope + out_of_scope)
            over (order by entry) as changes
    from source_runs
    where entry > :after
        {% if sources %}and source in :sources{% endif %}
)
select
    coalesce(min(c.run_id), 9223372036854775807) as first_run,
    (select max(entry) from log_entries) as last_entry_of_log,
    {% if rows %}min(case when c.changes >= :rows then c.entry end){% else %}null{% endif %} as last_entry
from counted as c
order by 1
