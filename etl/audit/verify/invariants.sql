{#- Invariants between rows. Each statement selects the rows that violate one: their run, their
source, and the columns that name the row. The comment above it says which table, and what is wrong.

The log proves that rows are as they were written. These conditions hold for the columns that no
event contains because they follow from other rows, and for rows that belong to no entry. -#}
{% set versions = "(
    select image_key, source, image_id, version, valid_from, opened_run_id, opened_as,
        valid_to, closed_run_id, closed_as from current_images
    union all
    select image_key, source, image_id, version, valid_from, opened_run_id, opened_as,
        valid_to, closed_run_id, closed_as from past_versions
)" %}

-- past_versions: the next version does not continue it
select t.closed_run_id, t.source, t.image_id, t.version
from past_versions as t
left join {{ versions }} as n on n.image_key = t.image_key and n.version = t.version + 1
where n.version is null or n.valid_from < t.valid_to
    or (t.closed_as = 'changed') <> (n.opened_as = 'changed')
    or (t.closed_as = 'removed') <> (n.opened_as = 'restored')
    or (t.closed_as = 'out_of_scope') <> (n.opened_as = 'in_scope')
    or (
        t.closed_as = 'changed'
        and (n.valid_from <> t.valid_to or n.opened_run_id <> t.closed_run_id)
    )

-- past_versions: it belongs to another image
select t.opened_run_id, t.source, t.image_id, t.version
from past_versions as t
left join current_images as c on c.image_key = t.image_key
where c.image_key is null or c.source <> t.source or c.image_id <> t.image_id
    or t.version >= c.version or t.version < 1 or t.valid_to < t.valid_from
    or (t.closed_as = 'changed' and t.last_seen_at is not null)

-- current_images: versions before it are missing
select t.opened_run_id, t.source, t.image_id, t.version
from current_images as t
where t.version - 1 > (
    select count(*) from past_versions as v where v.image_key = t.image_key
) and not exists (
    select 1 from prune_checkpoints as p
    where p.source = t.source and t.first_seen_at <= p.observed_at
)

-- past_versions: the version before it is missing
select t.opened_run_id, t.source, t.image_id, t.version
from past_versions as t
left join past_versions as b on b.image_key = t.image_key and b.version = t.version - 1
left join prune_checkpoints as p on p.source = t.source
where t.version > 1 and b.version is null
    and (p.source is null or t.valid_from > p.observed_at)

-- current_images: first_seen_at is not when version 1 began
select t.opened_run_id, t.source, t.image_id
from current_images as t
left join past_versions as v on v.image_key = t.image_key and v.version = 1
where (t.version = 1 and t.first_seen_at <> t.valid_from)
    or (v.version = 1 and t.first_seen_at <> v.valid_from)

-- current_images: state and period contradict each other
select t.opened_run_id, t.source, t.image_id, t.version
from current_images as t
where t.version < 1 or (t.state = 'present') <> (t.valid_to is null)
    or (t.state <> 'present' and t.state is distinct from t.closed_as)
    or (t.valid_to is null) <> (t.closed_as is null)
    or (t.valid_to is null) <> (t.closed_run_id is null)
    or (t.state <> 'present' and (t.missing_since is not null or t.relisted_as is not null))
    or t.valid_to < t.valid_from

-- current_images: presence is not what its latest change says
select coalesce(p.run_id, t.opened_run_id), t.source, t.image_id
from current_images as t
left join presence_changes as p on p.image_key = t.image_key and p.changed_at = (
    select max(q.changed_at) from presence_changes as q
    where q.image_key = t.image_key and q.changed_at > t.valid_from
)
where t.state = 'present' and (
    t.missing_since is distinct from p.missing_since
    or t.last_seen_at is distinct from p.last_seen_at
    or t.relisted_as is distinct from p.relisted_as
)

-- presence_changes: it belongs to another image
select t.run_id, t.source, t.image_id
from presence_changes as t
left join current_images as c on c.image_key = t.image_key
where c.image_key is null or c.source <> t.source or c.image_id <> t.image_id

-- image_removals: no version ends with it
select t.run_id, t.source, t.image_id, t.version
from image_removals as t
left join {{ versions }} as v
    on v.source = t.source and v.image_id = t.image_id and v.version = t.version
left join prune_checkpoints as p on p.source = t.source and t.removed_at <= p.observed_at
where (v.version is null and p.source is null)
    or (v.version is not null and v.closed_as is distinct from 'removed')
    or v.valid_to <> t.removed_at or v.closed_run_id <> t.run_id

{% for table in ["current_images", "past_versions"] %}
-- {{ table }}: the removal that ended it has no row in image_removals
select t.closed_run_id, t.source, t.image_id, t.version
from {{ table }} as t
where t.closed_as = 'removed' and not exists (
    select 1 from image_removals as r
    where r.source = t.source and r.image_id = t.image_id and r.version = t.version
)
{% endfor %}

-- image_removals: restored_at and restored_run_id are not those of the next version
select t.restored_run_id, t.source, t.image_id, t.version
from image_removals as t
join current_images as c on c.source = t.source and c.image_id = t.image_id
left join {{ versions }} as n on n.image_key = c.image_key and n.version = t.version + 1
where (n.version is not null and (
        t.restored_at is distinct from n.valid_from
        or t.restored_run_id is distinct from n.opened_run_id
    ))
    or (c.version = t.version and t.restored_run_id is not null)

-- image_removals: attribution is not the result of the latest inquiry
select t.attributed_run_id, t.source, t.image_id, t.version
from image_removals as t
left join removal_attributions as a
    on a.source = t.source and a.image_id = t.image_id and a.version = t.version
    and a.run_id = t.attributed_run_id
where t.attribution is distinct from a.attribution or exists (
    select 1 from removal_attributions as o
    join log_entries as l on l.source = o.source and l.run_id = o.run_id
    join log_entries as k on k.source = t.source and k.run_id = t.attributed_run_id
    where o.source = t.source and o.image_id = t.image_id and o.version = t.version
        and l.entry > k.entry
)
or (t.actor_salt is not null and a.actor_digest is null)
or (t.actor_salt is null and (
    t.removed_by is not null or t.removed_by_kind is not null or t.removed_via is not null
    or t.source_ip is not null or t.trace_id is not null or t.trace_at is not null
))

-- removal_attributions: it belongs to no removal
select t.run_id, t.source, t.image_id, t.version
from removal_attributions as t
left join image_removals as r
    on r.source = t.source and r.image_id = t.image_id and r.version = t.version
where r.version is null or r.attributed_run_id is null

-- field_changes: it belongs to no version
select t.run_id, c.source, t.image_key, t.version, t.field
from field_changes as t
left join current_images as c on c.image_key = t.image_key
left join {{ versions }} as n on n.image_key = t.image_key and n.version = t.version
where n.version is null or n.opened_run_id <> t.run_id

-- source_runs: no log entry contains it
select t.run_id, t.source, t.run_id as run_id
from source_runs as t
left join log_entries as l on l.entry = t.entry
where l.entry is null or l.run_id is distinct from t.run_id or l.source <> t.source

-- event_hashes: it belongs to no live entry
select l.run_id, l.source, t.entry
from event_hashes as t
left join log_entries as l on l.entry = t.entry
where l.entry is null

-- sync_runs: no log entry contains how it ended
select t.run_id, null, t.run_id as run_id
from sync_runs as t
left join log_entries as l on l.entry = t.ended_entry
where t.ended_entry is not null and (l.entry is null or l.kind <> 'run')

{% for table, run, key in [
    ("current_images", "opened_run_id", "t.image_id, t.version"),
    ("current_images", "closed_run_id", "t.image_id, t.version"),
    ("past_versions", "opened_run_id", "t.image_id, t.version"),
    ("past_versions", "closed_run_id", "t.image_id, t.version"),
    ("presence_changes", "run_id", "t.image_id"),
    ("image_removals", "run_id", "t.image_id, t.version"),
    ("image_removals", "restored_run_id", "t.image_id, t.version"),
    ("removal_attributions", "run_id", "t.image_id, t.version"),
    ("held_removals", "run_id", "t.image_id"),
    ("held_removals", "released_run_id", "t.image_id"),
    ("rejects", "run_id", "t.reject_id"),
    ("rejects", "resolved_run_id", "t.reject_id"),
    ("source_fields", "run_id", "t.field"),
] %}
-- {{ table }}: no log entry contains it ({{ run }})
select t.{{ run }}, t.source, {{ key }}
from {{ table }} as t
where t.{{ run }} is not null and not exists (
    select 1 from log_entries as l where l.source = t.source and l.run_id = t.{{ run }}
)
{% endfor %}
