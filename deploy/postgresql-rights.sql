-- Three roles for one database. Run this once, before the first sync, as a superuser or as the
-- owner of the database with CREATEROLE. Then set passwords with \password or as your site does.
--
--   image_sync_owner   creates and upgrades the schema:  image-sync db upgrade, image-sync scale init
--   image_sync         writes the record:                 image-sync sync, with auto_upgrade = false
--   image_sync_reader  reads the record:                  SQL, dashboards, the reading commands

create role image_sync_owner login;
create role image_sync login;
create role image_sync_reader login;

create schema image_sync authorization image_sync_owner;
alter role image_sync_owner set search_path = image_sync;
alter role image_sync set search_path = image_sync;
alter role image_sync_reader set search_path = image_sync;

grant usage on schema image_sync to image_sync, image_sync_reader;

-- Default privileges instead of grants: they also apply to the tables and views of later upgrades.
alter default privileges for role image_sync_owner in schema image_sync
    grant select, insert, update, delete on tables to image_sync;
alter default privileges for role image_sync_owner in schema image_sync
    grant usage, update on sequences to image_sync;
alter default privileges for role image_sync_owner in schema image_sync
    grant select on tables to image_sync_reader;

-- A sync uses temporary tables. PUBLIC may create them unless your site has revoked it:
--   grant temporary on database catalogue to image_sync;
