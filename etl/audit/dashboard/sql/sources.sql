-- How fresh is each source: its latest run, and its latest certified walk?
with latest as (
    select source, max(observed_at) as observed_at
    from source_runs
    group by source
),
certified as (
    select source, max(observed_at) as certified_at
    from source_runs
    where certificate <> 'none'
    group by source
)
select
    r.source, r.run_id, r.status, r.observed_at, r.certificate, r.present, r.held, r.missing,
    r.error_kind, r.error_message, r.error_request_id, r.digest, c.certified_at
from latest as l
join source_runs as r on r.source = l.source and r.observed_at = l.observed_at
left join certified as c on c.source = r.source
order by r.source
