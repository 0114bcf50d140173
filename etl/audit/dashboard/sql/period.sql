-- What happened since an instant, in all?
select
    coalesce(sum(added), 0) as added,
    coalesce(sum(changed), 0) as changed,
    coalesce(sum(removed), 0) as removed,
    coalesce(sum(restored), 0) as restored
from source_runs
where observed_at >= :since
