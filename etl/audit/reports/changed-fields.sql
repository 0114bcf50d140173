-- question: What changed since a time, by field?
-- since: 7d
-- parameters: since, until, sources, limit
-- order: changes from the most, source, field
select
    h.source, h.field, count(*) as changes, count(distinct h.image_id) as images,
    max(h.at) as latest_at
from image_changes as h
where h.kind = 'changed' and h.field is not null
    and h.run_id >= :first_run -- when first_run
    and h.at >= :since -- when since
    and h.at < :until -- when until
    and h.source in :sources -- when sources
group by h.source, h.field
order by changes desc, h.source, h.field
limit :limit -- when limit
