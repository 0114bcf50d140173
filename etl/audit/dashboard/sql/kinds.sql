-- How many images are present, by type, architecture, status and service?
select type, arch, status, service_type, count(*) as images
from current_images
where state = 'present'
group by type, arch, status, service_type
