-- Three roles for one database, as a superuser or the database's owner with CREATEROLE runs it once.
-- Before the first sync; set passwords afterwards, by \password or as your site does.
--
--   image_sync_owner   makes and upgrades the schema:   image-sync db upgrade, image-sync scale init
--   image_sync         writes the record:                image-sync sync, with auto_upgrade = false
--   image_sync_reader  reads it, and can't write:        SQL, dashboards, the reading commands

create role image_sync_owner login;
create role image_sync login;
create role image_sync_reader login;

create schema image_sync authorization image_sync_owner;
alter role image_sync_owner set search_path = image_sync;
alter role image_sync set search_path = image_sync;
alter role image_sync_reader set search_path = image_sync;

grant usage on schema image_sync to image_sync, image_sync_reader;

-- Default privileges, not grants: every upgrade drops the views and makes them anew, and a grant
-- on a view goes with it. These are given to whatever the owner makes.
alter default privileges for role image_sync_owner in schema image_sync
    grant select, insert, update, delete on tables to image_sync;
alter default privileges for role image_sync_owner in schema image_sync
    grant usage on sequences to image_sync;
alter default privileges for role image_sync_owner in schema image_sync
    grant select on tables to image_sync_reader;

-- A sync stages what is new in temporary tables. PUBLIC may do so unless your site took it away:
--   grant temporary on database catalogue to image_sync;
