-- question: Which images are present, latest change first?
-- parameters: limit
-- order: last_changed_at from the latest, source, image_id
select
    source, image_id, name, type, status, arch, service_type, size, swr_path, version,
    last_changed_at, missing_since
from images
where state = 'present'
order by last_changed_at desc, source, image_id
limit :limit
