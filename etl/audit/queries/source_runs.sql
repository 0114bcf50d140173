-- question: What did each run do to each source?
-- parameters: sources, since, until, run, limit
-- order: run_id from the latest, source
-- record: changes
-- shown: run_id, source, status, observed_at, certificate, seen, added, changed, removed, restored, held, missing, rejected, error_kind, error_message
-- optional: restored, missing, rejected, error_kind, held, seen, certificate, observed_at, changed, removed, added
select
    r.run_id, r.source, r.status, r.observed_at, r.certificate,
    r.walks, r.pages, r.requests, r.retries, r.reported_total, r.seen, r.added, r.changed,
    r.unchanged, r.removed, r.restored, r.in_scope, r.out_of_scope, r.held, r.missing,
    r.rejected, r.present,
    r.walk_detail, r.coverage, r.error_kind, r.error_message, r.error_request_id,
    r.endpoint, r.project_id, r.previous_endpoint, r.guard_override, r.entry
from source_runs as r
where true
    {% if sources %}and r.source in :sources{% endif %}
    {% if since %}and r.observed_at >= :since{% endif %}
    {% if until %}and r.observed_at < :until{% endif %}
    {% if run %}and r.run_id = :run{% endif %}
order by r.run_id desc, r.source
{% if limit %}limit :limit{% endif %}
