-- question: Which images were removed, what is the evidence, and who did it?
-- parameters: sources, since, until, run, limit
-- order: removed_at from the latest, source, image_id
-- record: kept
-- shown: removed_at, run_id, source, image_id, name, evidence, last_seen_at, missing_since, restored_at, removed_by, attribution, warning
-- optional: missing_since, last_seen_at, attribution, restored_at, run_id, source, removed_by, name, warning
-- `warning`: the run read another endpoint than the run before it, so that its evidence may come
-- from somewhere else.
select
    r.source, r.image_id, r.name, r.swr_path, r.run_id, r.removed_at, r.last_seen_at,
    r.missing_since, r.evidence, r.evidence_detail, r.restored_at, r.restored_run_id, r.version,
    r.removed_by, r.removed_by_kind, r.removed_via, r.source_ip, r.trace_id, r.trace_at,
    r.attribution, s.endpoint,
    case
        when s.previous_endpoint is not null
            then 'the run read ' || s.endpoint || ', the run before it ' || s.previous_endpoint
    end as warning
from image_removals as r
left join source_runs as s on s.run_id = r.run_id and s.source = r.source
where true
    {% if sources %}and r.source in :sources{% endif %}
    {% if since %}and r.removed_at >= :since{% endif %}
    {% if until %}and r.removed_at < :until{% endif %}
    {% if run %}and r.run_id = :run{% endif %}
order by r.removed_at desc, r.source, r.image_id
{% if limit %}limit :limit{% endif %}
