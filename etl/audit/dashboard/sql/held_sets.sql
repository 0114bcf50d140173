-- question: Which sets of removals does the guard hold, and by which number are they decided?
-- parameters: none
-- order: source, rule
with holding as (
    select source, max(run_id) as run_id
    from source_runs
    where held > 0
    group by source
)
select h.source, h.rule, r.run_id, count(*) as images, min(h.held_at) as held_at
from held_removals as h
join holding as r on r.source = h.source
where h.released_at is null
group by h.source, h.rule, r.run_id
order by h.source, {{ by_text("h.rule") }}
