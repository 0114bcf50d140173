-- question: What did runs change, latest first?
-- parameters: sources, since, until, run, kind, field, limit; is_plain (nothing but a limit: only as many runs are looked into as fill it)
-- order: run_id from the latest, source, image_id, version, kind, field
-- shown: run_id, at, source, image_id, name, kind, field, old_value, new_value
with counted as (
    select run_id, sum(added + changed + removed + restored + in_scope + out_of_scope) as changes
    from source_runs
    group by run_id
),
summed as (
    select run_id, sum(changes) over (order by run_id desc) as changes
    from counted
)
select
    h.run_id, h.at, h.source, h.image_id, h.name, h.kind, h.field, h.old_value, h.new_value,
    h.version
from image_changes as h
where true
    and h.run_id >= (select coalesce(max(s.run_id), 0) from summed as s where s.changes >= :limit) -- when is_plain
    and h.run_id = :run -- when run
    and h.run_id >= (select min(r.run_id) from source_runs as r where r.observed_at >= :since) -- when since
    and h.at >= :since -- when since
    and h.at < :until -- when until
    and h.source in :sources -- when sources
    and h.kind = :kind -- when kind
    and h.field = :field -- when field
order by h.run_id desc, h.source, h.image_id, h.version, h.kind, h.field
limit :limit -- when limit
