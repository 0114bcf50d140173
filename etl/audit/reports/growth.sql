-- question: How did each source's catalogue grow, week by week (Mondays, UTC)?
-- parameters: sources, since, until, limit
-- order: week from the latest, source
-- record: changes
-- reads: runs
-- column week: the Monday of the week (UTC), as YYYY-MM-DD
-- column present: images present after the week's last run
-- column added: images added in the week
-- column changed: images changed
-- column removed: images removed
-- column restored: images restored
with weeks as (
    select
        source, {{ monday("observed_at") }} as week, max(observed_at) as last_at,
        cast(sum(added) as bigint) as added, cast(sum(changed) as bigint) as changed,
        cast(sum(removed) as bigint) as removed, cast(sum(restored) as bigint) as restored
    from source_runs
    where true
        {% if since %}and observed_at >= :since{% endif %}
        {% if until %}and observed_at < :until{% endif %}
        {% if sources %}and source in :sources{% endif %}
    group by source, {{ monday("observed_at") }}
)
select w.week, w.source, r.present, w.added, w.changed, w.removed, w.restored
from weeks as w
join source_runs as r on r.source = w.source and r.observed_at = w.last_at
order by w.week desc, w.source
{% if limit %}limit :limit{% endif %}
