-- question: How much is on record, and what happened since an instant?
-- parameters: since
-- order: none, it is one row
select
    (select count(*) from sync_runs) as runs,
    (select count(*) from image_removals) as removals,
    (select count(*) from rejects where resolved_at is null) as rejects,
    (select count(*) from image_removals where removed_at >= :since) as removals_since,
    cast(coalesce(sum(r.added), 0) as bigint) as added,
    cast(coalesce(sum(r.changed), 0) as bigint) as changed,
    cast(coalesce(sum(r.removed), 0) as bigint) as removed,
    cast(coalesce(sum(r.restored), 0) as bigint) as restored
from source_runs as r
where r.observed_at >= :since
order by 1
