-- question: Which tags moved: a complete address with other content, or one that passed to another image?
-- since: 30d
-- parameters: sources, since, until, first_run, limit
-- order: at from the latest, source, image_id, how, was
-- shown: at, source, image_id, name, swr_path, how, was, became
-- optional: name
-- record: comparisons
-- reads: runs
-- column at: observed_at of the run from which on the tag stands for something else
-- column image_id: the image that has the address since then
-- column how: other size, other arch: the same image has other content; other image: the address belonged to another image; also another image: that one still has it, too
-- column was: the size, the architecture or the image id before
-- column became: the same since then
with touched as (
    select image_key
    from current_images
    where version > 1
        {% if first_run %}and opened_run_id >= :first_run{% endif %}
    union
    select image_key
    from past_versions
    where version > 1
        {% if first_run %}and opened_run_id >= :first_run{% endif %}
),
versions as (
    select
        c.image_key, c.version, c.valid_from, c.source, c.image_id, c.name, c.swr_path, c.tag,
        c.status, c.size, c.arch
    from touched as t
    join current_images as c on c.image_key = t.image_key
    union all
    select
        p.image_key, p.version, p.valid_from, p.source, p.image_id, p.name, p.swr_path, p.tag,
        p.status, p.size, p.arch
    from touched as t
    join past_versions as p on p.image_key = t.image_key
),
-- An image that is being built, or failed to be, has no content yet.
contents as (
    select v.*, 'size' as field, cast(v.size as text) as content
    from versions as v
    where v.size is not null
        and coalesce(v.status, 'ACTIVE') not in ('INIT', 'CREATING', 'CREATE_FAILED', 'ERROR')
    union all
    select v.*, 'arch', v.arch
    from versions as v
    where v.arch is not null
        and coalesce(v.status, 'ACTIVE') not in ('INIT', 'CREATING', 'CREATE_FAILED', 'ERROR')
),
compared as (
    select
        k.*,
        lag(k.content) over by_version as content_before,
        lag(k.swr_path) over by_version as swr_path_before
    from contents as k
    window by_version as (partition by k.image_key, k.field order by k.version)
),
arrivals as (
    select c.image_key, c.version, c.valid_from, c.source, c.image_id, c.name, c.swr_path, c.tag
    from current_images as c
    where c.swr_path is not null
        {% if first_run %}and c.opened_run_id >= :first_run{% endif %}
        and not exists (
            select 1
            from past_versions as b
            where b.image_key = c.image_key and b.version = c.version - 1 and b.closed_as = 'changed'
                and b.swr_path = c.swr_path and coalesce(b.tag, '') = coalesce(c.tag, '')
        )
    union all
    select p.image_key, p.version, p.valid_from, p.source, p.image_id, p.name, p.swr_path, p.tag
    from past_versions as p
    where p.swr_path is not null
        {% if first_run %}and p.opened_run_id >= :first_run{% endif %}
        and not exists (
            select 1
            from past_versions as b
            where b.image_key = p.image_key and b.version = p.version - 1 and b.closed_as = 'changed'
                and b.swr_path = p.swr_path and coalesce(b.tag, '') = coalesce(p.tag, '')
        )
),
passed as (
    select
        a.*,
        (
            select h.image_key
            from (
                select c.image_key, c.valid_from, c.image_key <> a.image_key as is_other
                from current_images as c
                where c.swr_path = a.swr_path and c.source = a.source
                    and coalesce(c.tag, '') = coalesce(a.tag, '') and c.valid_from < a.valid_from
                union all
                select p.image_key, p.valid_from, p.image_key <> a.image_key as is_other
                from past_versions as p
                where p.swr_path = a.swr_path and p.source = a.source
                    and coalesce(p.tag, '') = coalesce(a.tag, '') and p.valid_from < a.valid_from
            ) as h
            order by h.valid_from desc, h.is_other, h.image_key desc
            limit 1
        ) as holder_key
    from arrivals as a
),
moved as (
    select
        k.valid_from as at, k.source, k.image_id, k.name, k.swr_path,
        'other ' || k.field as how, k.content_before as was, k.content as became
    from compared as k
    where k.swr_path = k.swr_path_before and k.content <> k.content_before
    union all
    select
        p.valid_from, p.source, p.image_id, p.name, p.swr_path,
        case
            when h.state = 'present' and h.swr_path = p.swr_path and coalesce(h.tag, '') = coalesce(p.tag, '')
                then 'also another image'
            else 'other image'
        end,
        h.image_id, p.image_id
    from passed as p
    join current_images as h on h.image_key = p.holder_key and h.image_key <> p.image_key
)
select m.at, m.source, m.image_id, m.name, m.swr_path, m.how, m.was, m.became
from moved as m
where true
    {% if since %}and m.at >= :since{% endif %}
    {% if until %}and m.at < :until{% endif %}
    {% if sources %}and m.source in :sources{% endif %}
order by m.at desc, m.source, m.image_id, m.how, {{ by_text("m.was") }}
{% if limit %}limit :limit{% endif %}
