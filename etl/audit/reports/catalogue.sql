-- question: How many images are present, by type, architecture, status and service?
-- parameters: sources, limit
-- order: images from the most, then source, type, arch, status, service_type
select
    c.source, c.type, c.arch, c.status, c.service_type, count(*) as images,
    cast(sum(c.size) as bigint) as size_sum
from current_images as c -- when postgresql
from current_images as c not indexed -- when sqlite
where c.state = 'present'
    and c.source in :sources -- when sources
group by c.source, c.type, c.arch, c.status, c.service_type
order by images desc, c.source, c.type nulls first, c.arch nulls first, c.status nulls first, c.service_type nulls first -- when sqlite
order by images desc, c.source, c.type collate "C" nulls first, c.arch collate "C" nulls first, c.status collate "C" nulls first, c.service_type collate "C" nulls first -- when postgresql
limit :limit -- when limit
