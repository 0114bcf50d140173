-- question: Which present images are built on releases whose support has ended?
-- parameters: today (a date), sources, limit
-- order: ended_on, component, release, source, image_id
-- shown: component, version, ended_on, source, image_id, name, according_to
with releases (component, release, ended_on, according_to) as (
    values
        ('centos', '6', '2020-11-30', 'https://wiki.centos.org/About/Product'),
        ('centos', '7', '2024-06-30', 'https://www.centos.org/centos-linux-eol/'),
        ('centos', '8', '2021-12-31', 'https://www.centos.org/centos-linux-eol/'),
        ('debian', '8', '2020-06-30', 'https://wiki.debian.org/LTS'),
        ('debian', '9', '2022-06-30', 'https://wiki.debian.org/LTS'),
        ('debian', '10', '2024-06-30', 'https://wiki.debian.org/LTS'),
        ('python', '2.7', '2020-01-01', 'https://devguide.python.org/versions/'),
        ('python', '3.5', '2020-09-30', 'https://devguide.python.org/versions/'),
        ('python', '3.6', '2021-12-23', 'https://devguide.python.org/versions/'),
        ('python', '3.7', '2023-06-27', 'https://devguide.python.org/versions/'),
        ('python', '3.8', '2024-10-07', 'https://devguide.python.org/versions/'),
        ('python', '3.9', '2025-10-31', 'https://devguide.python.org/versions/'),
        ('python', '3.10', '2026-10-31', 'https://devguide.python.org/versions/'),
        ('ubuntu', '14.04', '2019-04-25', 'https://wiki.ubuntu.com/Releases'),
        ('ubuntu', '16.04', '2021-04-30', 'https://wiki.ubuntu.com/Releases'),
        ('ubuntu', '18.04', '2023-05-31', 'https://wiki.ubuntu.com/Releases'),
        ('ubuntu', '20.04', '2025-05-31', 'https://wiki.ubuntu.com/Releases')
),
found as (
    select p.source, p.image_id, p.component, p.version, e.release, e.ended_on, e.according_to
    from image_components as p
    join releases as e
        on e.component = p.component
        and (p.version = e.release or p.version like e.release || '.%')
    where p.state = 'present' and e.ended_on < :today
        and p.source in :sources -- when sources
)
select
    f.component, f.version, f.release, f.ended_on, f.source, f.image_id, c.name, c.type,
    c.swr_path, f.according_to
from found as f
join catalogue as c on c.source = f.source and c.image_id = f.image_id
order by f.ended_on, f.component, f.release, f.source, f.image_id
limit :limit -- when limit
