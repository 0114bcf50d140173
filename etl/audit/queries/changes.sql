-- question: What did runs change, latest first?
-- parameters: sources, since, until, run, first_run (the earliest that can matter), kind, field, limit
-- order: run_id from the latest, source, image_id, version, kind, field
-- shown: run_id, at, source, image_id, name, kind, field, old_value, new_value
select
    h.run_id, h.at, h.source, h.image_id, h.name, h.kind, h.field, h.old_value, h.new_value,
    h.version
from image_changes as h
where true
    and h.run_id >= :first_run -- when first_run
    and h.run_id = :run -- when run
    and h.at >= :since -- when since
    and h.at < :until -- when until
    and h.source in :sources -- when sources
    and h.kind = :kind -- when kind
    and h.field = :field -- when field
order by h.run_id desc, h.source, h.image_id, h.version, h.kind, h.field
limit :limit -- when limit
