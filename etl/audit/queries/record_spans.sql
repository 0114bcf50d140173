-- question: From when to when is each source's record complete, and when did certain runs read it?
-- parameters: sources, at_run, from_run, to_run
-- order: source
with pruned as (
    select
        source as pruned_source, observed_at as pruned_at, run_id as pruned_run,
        through_entry as pruned_entry
    from prune_checkpoints
)
select
    source, min(observed_at) as begins_at, max(observed_at) as ends_at,
    {% if at_run %}{{ observed_by(":at_run") }} as at,{% endif %}
    {% if from_run %}{{ observed_by(":from_run") }} as from_at,{% endif %}
    {% if to_run %}{{ observed_by(":to_run") }} as to_at,{% endif %}
    pruned_at, pruned_run, pruned_entry
from source_runs
left join pruned on pruned_source = source
where true
    {% if sources %}and source in :sources{% endif %}
group by source, pruned_at, pruned_run, pruned_entry
order by source
