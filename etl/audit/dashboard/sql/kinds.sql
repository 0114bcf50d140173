-- question: How many images are present, by type, architecture, status and service?
-- parameters: none
-- order: none, the page sorts them
select type, arch, status, service_type, count(*) as images
from {{ whole("current_images", "c") }}
where state = 'present'
group by type, arch, status, service_type
order by images
