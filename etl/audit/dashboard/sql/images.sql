-- The present images, latest change first.
select
    source, image_id, name, type, status, arch, service_type, size, swr_path, version,
    last_changed_at, missing_since
from images
where state = 'present'
order by last_changed_at desc, source, image_id
limit :limit
