-- What is there, and what is inside: present images by type, architecture, status and service?
select type, arch, status, service_type, components, count(*) as images
from catalogue
where state = 'present'
group by type, arch, status, service_type, components
