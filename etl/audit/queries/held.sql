-- question: Which removals does the guard hold?
-- parameters: sources, since, until, run, limit
-- order: held_at from the latest, source, image_id
-- shown: held_at, run_id, source, image_id, name, rule, evidence
select
    h.source, h.image_id, h.name, h.run_id, h.held_at, h.rule, h.evidence, h.evidence_detail
from held_removals as h
where h.released_at is null
    and h.source in :sources -- when sources
    and h.held_at >= :since -- when since
    and h.held_at < :until -- when until
    and h.run_id = :run -- when run
order by h.held_at desc, h.source, h.image_id
limit :limit -- when limit
