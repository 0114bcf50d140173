-- question: Which frameworks, CUDA, Python and operating-system releases are the present images built on?
-- parameters: sources, limit
-- order: component, images from the most, version
select p.component, p.version, count(*) as images
from image_components as p
where p.state = 'present'
    and p.source in :sources -- when sources
group by p.component, p.version
order by p.component, images desc, p.version
limit :limit -- when limit
