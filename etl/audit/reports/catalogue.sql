-- question: How many images are present, by type, architecture, status and service?
-- parameters: sources, limit
-- order: images from the most, then source, type, arch, status, service_type
select
    c.source, c.type, c.arch, c.status, c.service_type, count(*) as images,
    cast(sum(c.size) as bigint) as size_sum
from catalogue as c -- when postgresql
from catalogue as c not indexed -- when sqlite
where c.state = 'present'
    and c.source in :sources -- when sources
group by c.source, c.type, c.arch, c.status, c.service_type
order by images desc, c.source, c.type, c.arch, c.status, c.service_type
limit :limit -- when limit
