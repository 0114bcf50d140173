-- question: How many dedicated images has each workspace and organisation, and how large are they?
-- parameters: sources, limit
-- order: size_sum from the largest, source, workspace_id, swr_organization
select
    c.source, c.workspace_id, c.swr_organization, count(*) as images,
    coalesce(cast(sum(c.size) as bigint), 0) as size_sum, max(c.size) as size_largest,
    count(*) - count(c.size) as without_size
from current_images as c -- when postgresql
from current_images as c not indexed -- when sqlite
where c.state = 'present' and c.type = 'DEDICATED'
    and c.source in :sources -- when sources
group by c.source, c.workspace_id, c.swr_organization
order by size_sum desc, c.source, c.workspace_id nulls first, c.swr_organization nulls first -- when sqlite
order by size_sum desc, c.source, c.workspace_id collate "C" nulls first, c.swr_organization collate "C" nulls first -- when postgresql
limit :limit -- when limit
