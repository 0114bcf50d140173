-- question: What changed since a time, by field?
-- since: 7d
-- example: --since 2026-11-02
-- parameters: sources, since, until, first_run, limit
-- order: changes from the most, source, field
-- record: changes
-- reads: runs
-- column field: the tracked column that changed
-- column changes: number of changes
-- column images: number of images that changed
-- column latest_at: observed_at of the run with the latest change
select
    h.source, h.field, count(*) as changes, count(distinct h.image_id) as images,
    max(h.at) as latest_at
from image_changes as h
where h.kind = 'changed' and h.field is not null
    {% if first_run %}and h.run_id >= :first_run{% endif %}
    {% if since %}and h.at >= :since{% endif %}
    {% if until %}and h.at < :until{% endif %}
    {% if sources %}and h.source in :sources{% endif %}
group by h.source, h.field
order by changes desc, h.source, h.field
{% if limit %}limit :limit{% endif %}
