-- What is there: present images by type, architecture, status and service?
select type, arch, status, service_type, count(*) as images
from images
where state = 'present'
group by type, arch, status, service_type
