-- The ledger of a varied history, as release 0.1.0 wrote it (schema 0001).
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.catalogue (
    image_key bigint NOT NULL,
    received bytea,
    fingerprint bytea NOT NULL,
    state text NOT NULL,
    source text NOT NULL COLLATE pg_catalog."C",
    image_id text NOT NULL COLLATE pg_catalog."C",
    version integer NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    valid_to timestamp with time zone,
    opened_run_id bigint NOT NULL,
    opened_as text NOT NULL,
    closed_run_id bigint,
    closed_as text,
    first_seen_at timestamp with time zone NOT NULL,
    unseen_at timestamp with time zone,
    missing_since timestamp with time zone,
    listing text,
    name text,
    description text,
    type text,
    status text,
    arch text,
    tag text,
    namespace text,
    workspace_id text,
    visibility text,
    origin text,
    service_type text,
    flavor_type text,
    size bigint,
    swr_path text,
    swr_registry text,
    swr_organization text,
    swr_repository text,
    swr_tag text,
    swr_instance_id text,
    show_name text,
    show_tag text,
    status_message text,
    dev_services jsonb,
    resource_categories jsonb,
    tags jsonb,
    created_at timestamp with time zone,
    updated_at timestamp with time zone,
    extra json NOT NULL,
    components jsonb NOT NULL,
    CONSTRAINT ck_catalogue_closed CHECK (((closed_as IS NULL) = (valid_to IS NULL))),
    CONSTRAINT ck_catalogue_closed_as CHECK ((closed_as = ANY (ARRAY['removed'::text, 'out_of_scope'::text]))),
    CONSTRAINT ck_catalogue_closed_run CHECK (((closed_run_id IS NULL) = (valid_to IS NULL))),
    CONSTRAINT ck_catalogue_closed_state CHECK (((state = 'present'::text) OR (state = closed_as))),
    CONSTRAINT ck_catalogue_missing CHECK (((state = 'present'::text) OR (missing_since IS NULL))),
    CONSTRAINT ck_catalogue_open CHECK (((state = 'present'::text) = (valid_to IS NULL))),
    CONSTRAINT ck_catalogue_opened_as CHECK ((opened_as = ANY (ARRAY['added'::text, 'changed'::text, 'restored'::text, 'in_scope'::text]))),
    CONSTRAINT ck_catalogue_period CHECK ((valid_to >= valid_from)),
    CONSTRAINT ck_catalogue_state CHECK ((state = ANY (ARRAY['present'::text, 'removed'::text, 'out_of_scope'::text]))),
    CONSTRAINT ck_catalogue_version CHECK ((version >= 1))
);
COMMENT ON TABLE public.catalogue IS 'Every image ever seen: its state and its latest version';
COMMENT ON COLUMN public.catalogue.image_key IS 'the row''s key, in order of first sight';
COMMENT ON COLUMN public.catalogue.received IS 'digest of the record''s bytes when it last made a version';
COMMENT ON COLUMN public.catalogue.fingerprint IS 'digest of the tracked values, led by its version';
COMMENT ON COLUMN public.catalogue.state IS 'present, removed or out_of_scope';
COMMENT ON COLUMN public.catalogue.source IS 'name of the source in the configuration';
COMMENT ON COLUMN public.catalogue.image_id IS 'the API''s id, unique within a source';
COMMENT ON COLUMN public.catalogue.version IS 'number of the version, from 1';
COMMENT ON COLUMN public.catalogue.valid_from IS 'observed_at of the run that brought this version';
COMMENT ON COLUMN public.catalogue.valid_to IS 'observed_at of the run that ended it; null: still so';
COMMENT ON COLUMN public.catalogue.opened_run_id IS 'the run that brought this version';
COMMENT ON COLUMN public.catalogue.opened_as IS 'added, changed, restored or in_scope';
COMMENT ON COLUMN public.catalogue.closed_run_id IS 'the run that ended this version';
COMMENT ON COLUMN public.catalogue.closed_as IS 'changed, removed or out_of_scope; null: still so';
COMMENT ON COLUMN public.catalogue.first_seen_at IS 'observed_at of the run that first saw the image';
COMMENT ON COLUMN public.catalogue.unseen_at IS 'last certified walk that saw it, when later ones did not';
COMMENT ON COLUMN public.catalogue.missing_since IS 'first certified walk without it, as long as undecided';
COMMENT ON COLUMN public.catalogue.listing IS 'TYPE/WORKSPACE of the listing that gave this version';
COMMENT ON COLUMN public.catalogue.name IS 'the image''s name, without surrounding white space; not unique';
COMMENT ON COLUMN public.catalogue.description IS 'the image''s description';
COMMENT ON COLUMN public.catalogue.type IS 'BUILD_IN or DEDICATED; others are kept';
COMMENT ON COLUMN public.catalogue.status IS 'INIT, CREATING, CREATE_FAILED, ERROR, DELETED, ACTIVE, …';
COMMENT ON COLUMN public.catalogue.arch IS 'processor architecture in lower case: x86_64, aarch64, …';
COMMENT ON COLUMN public.catalogue.tag IS 'the image''s tag';
COMMENT ON COLUMN public.catalogue.namespace IS 'SWR organisation, as the API names it';
COMMENT ON COLUMN public.catalogue.workspace_id IS 'workspace; 0 is the default one';
COMMENT ON COLUMN public.catalogue.visibility IS 'PRIVATE, PUBLIC, HIDDEN, …';
COMMENT ON COLUMN public.catalogue.origin IS 'CUSTOMIZE, IMAGE_SAVE, …';
COMMENT ON COLUMN public.catalogue.service_type IS 'COMMON, INFERENCE, TRAIN, DEV, UNKNOWN, …';
COMMENT ON COLUMN public.catalogue.flavor_type IS 'ASCEND_SNT9, ASCEND_SNT9B, ASCEND_SNT3, …';
COMMENT ON COLUMN public.catalogue.size IS 'as reported (documented in KB, observed in bytes)';
COMMENT ON COLUMN public.catalogue.swr_path IS 'the image''s address in the registry; not unique';
COMMENT ON COLUMN public.catalogue.swr_registry IS 'of swr_path: host, with the port if it has one';
COMMENT ON COLUMN public.catalogue.swr_organization IS 'of swr_path: the organisation';
COMMENT ON COLUMN public.catalogue.swr_repository IS 'of swr_path: the repository';
COMMENT ON COLUMN public.catalogue.swr_tag IS 'of swr_path: the tag or digest';
COMMENT ON COLUMN public.catalogue.swr_instance_id IS 'id of the SWR enterprise instance';
COMMENT ON COLUMN public.catalogue.show_name IS 'the name to show';
COMMENT ON COLUMN public.catalogue.show_tag IS 'the tag to show';
COMMENT ON COLUMN public.catalogue.status_message IS 'what the API says of the status';
COMMENT ON COLUMN public.catalogue.dev_services IS 'JSON array of text: NOTEBOOK, SSH, AI_FLOW, …';
COMMENT ON COLUMN public.catalogue.resource_categories IS 'JSON array of text: CPU, GPU, ASCEND, …';
COMMENT ON COLUMN public.catalogue.tags IS 'JSON array of {key, value}';
COMMENT ON COLUMN public.catalogue.created_at IS 'when the image was made, as the API says';
COMMENT ON COLUMN public.catalogue.updated_at IS 'when the API last touched it; does not detect change';
COMMENT ON COLUMN public.catalogue.extra IS 'unknown fields as they came with this version';
COMMENT ON COLUMN public.catalogue.components IS 'JSON array of [component, version]';
CREATE SEQUENCE public.catalogue_image_key_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.catalogue_image_key_seq OWNED BY public.catalogue.image_key;
CREATE TABLE public.field_changes (
    image_key bigint NOT NULL,
    version integer NOT NULL,
    field text NOT NULL,
    old_value text NOT NULL,
    new_value text NOT NULL,
    run_id bigint NOT NULL
);
COMMENT ON TABLE public.field_changes IS 'What differs between a version and the one before, value by value';
COMMENT ON COLUMN public.field_changes.image_key IS 'the image''s row in catalogue';
COMMENT ON COLUMN public.field_changes.version IS 'the version that brought the new value';
COMMENT ON COLUMN public.field_changes.field IS 'name of the tracked column';
COMMENT ON COLUMN public.field_changes.old_value IS 'JSON text of the value before';
COMMENT ON COLUMN public.field_changes.new_value IS 'JSON text of the value from this version on';
COMMENT ON COLUMN public.field_changes.run_id IS 'the run that brought the version';
CREATE TABLE public.held_removals (
    source text NOT NULL COLLATE pg_catalog."C",
    image_id text NOT NULL COLLATE pg_catalog."C",
    run_id bigint NOT NULL,
    held_at timestamp with time zone NOT NULL,
    name text,
    rule text NOT NULL,
    evidence text NOT NULL,
    evidence_detail json NOT NULL,
    released_run_id bigint,
    released_at timestamp with time zone,
    released_as text,
    CONSTRAINT ck_held_removals_released CHECK (((released_at IS NULL) = (released_as IS NULL))),
    CONSTRAINT ck_held_removals_released_as CHECK ((released_as = ANY (ARRAY['removed'::text, 'dismissed'::text, 'withdrawn'::text]))),
    CONSTRAINT ck_held_removals_rule CHECK ((rule = ANY (ARRAY['max_count'::text, 'max_percent'::text, 'empty_listing'::text])))
);
COMMENT ON TABLE public.held_removals IS 'Removals that the guard held back, with their evidence, and what became of them';
COMMENT ON COLUMN public.held_removals.source IS 'name of the source in the configuration';
COMMENT ON COLUMN public.held_removals.image_id IS 'the API''s id, unique within a source';
COMMENT ON COLUMN public.held_removals.run_id IS 'the first run whose guard held this removal';
COMMENT ON COLUMN public.held_removals.held_at IS 'observed_at of that run';
COMMENT ON COLUMN public.held_removals.name IS 'the image''s name at that time';
COMMENT ON COLUMN public.held_removals.rule IS 'the guard''s rule that held the set';
COMMENT ON COLUMN public.held_removals.evidence IS 'how it is known';
COMMENT ON COLUMN public.held_removals.evidence_detail IS 'HTTP status, error code, request id, time';
COMMENT ON COLUMN public.held_removals.released_run_id IS 'the run after which it is held no more';
COMMENT ON COLUMN public.held_removals.released_at IS 'observed_at of that run; null: still held';
COMMENT ON COLUMN public.held_removals.released_as IS 'removed, dismissed, or withdrawn (no longer a candidate)';
CREATE TABLE public.superseded (
    image_key bigint NOT NULL,
    source text NOT NULL COLLATE pg_catalog."C",
    image_id text NOT NULL COLLATE pg_catalog."C",
    version integer NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    valid_to timestamp with time zone,
    opened_run_id bigint NOT NULL,
    opened_as text NOT NULL,
    closed_run_id bigint,
    closed_as text,
    name text,
    description text,
    type text,
    status text,
    arch text,
    tag text,
    namespace text,
    workspace_id text,
    visibility text,
    origin text,
    service_type text,
    flavor_type text,
    size bigint,
    swr_path text,
    swr_registry text,
    swr_organization text,
    swr_repository text,
    swr_tag text,
    swr_instance_id text,
    show_name text,
    show_tag text,
    status_message text,
    dev_services jsonb,
    resource_categories jsonb,
    tags jsonb,
    created_at timestamp with time zone,
    updated_at timestamp with time zone,
    extra json NOT NULL,
    CONSTRAINT ck_superseded_closed CHECK (((valid_to IS NOT NULL) AND (closed_run_id IS NOT NULL))),
    CONSTRAINT ck_superseded_closed_as CHECK ((closed_as = ANY (ARRAY['changed'::text, 'removed'::text, 'out_of_scope'::text]))),
    CONSTRAINT ck_superseded_opened_as CHECK ((opened_as = ANY (ARRAY['added'::text, 'changed'::text, 'restored'::text, 'in_scope'::text]))),
    CONSTRAINT ck_superseded_period CHECK ((valid_to >= valid_from))
);
COMMENT ON TABLE public.superseded IS 'The versions of images that a later version followed';
COMMENT ON COLUMN public.superseded.image_key IS 'the image''s row in catalogue';
COMMENT ON COLUMN public.superseded.source IS 'name of the source in the configuration';
COMMENT ON COLUMN public.superseded.image_id IS 'the API''s id, unique within a source';
COMMENT ON COLUMN public.superseded.version IS 'number of the version, from 1';
COMMENT ON COLUMN public.superseded.valid_from IS 'observed_at of the run that brought this version';
COMMENT ON COLUMN public.superseded.valid_to IS 'observed_at of the run that ended it; null: still so';
COMMENT ON COLUMN public.superseded.opened_run_id IS 'the run that brought this version';
COMMENT ON COLUMN public.superseded.opened_as IS 'added, changed, restored or in_scope';
COMMENT ON COLUMN public.superseded.closed_run_id IS 'the run that ended this version';
COMMENT ON COLUMN public.superseded.closed_as IS 'changed, removed or out_of_scope; null: still so';
COMMENT ON COLUMN public.superseded.name IS 'the image''s name, without surrounding white space; not unique';
COMMENT ON COLUMN public.superseded.description IS 'the image''s description';
COMMENT ON COLUMN public.superseded.type IS 'BUILD_IN or DEDICATED; others are kept';
COMMENT ON COLUMN public.superseded.status IS 'INIT, CREATING, CREATE_FAILED, ERROR, DELETED, ACTIVE, …';
COMMENT ON COLUMN public.superseded.arch IS 'processor architecture in lower case: x86_64, aarch64, …';
COMMENT ON COLUMN public.superseded.tag IS 'the image''s tag';
COMMENT ON COLUMN public.superseded.namespace IS 'SWR organisation, as the API names it';
COMMENT ON COLUMN public.superseded.workspace_id IS 'workspace; 0 is the default one';
COMMENT ON COLUMN public.superseded.visibility IS 'PRIVATE, PUBLIC, HIDDEN, …';
COMMENT ON COLUMN public.superseded.origin IS 'CUSTOMIZE, IMAGE_SAVE, …';
COMMENT ON COLUMN public.superseded.service_type IS 'COMMON, INFERENCE, TRAIN, DEV, UNKNOWN, …';
COMMENT ON COLUMN public.superseded.flavor_type IS 'ASCEND_SNT9, ASCEND_SNT9B, ASCEND_SNT3, …';
COMMENT ON COLUMN public.superseded.size IS 'as reported (documented in KB, observed in bytes)';
COMMENT ON COLUMN public.superseded.swr_path IS 'the image''s address in the registry; not unique';
COMMENT ON COLUMN public.superseded.swr_registry IS 'of swr_path: host, with the port if it has one';
COMMENT ON COLUMN public.superseded.swr_organization IS 'of swr_path: the organisation';
COMMENT ON COLUMN public.superseded.swr_repository IS 'of swr_path: the repository';
COMMENT ON COLUMN public.superseded.swr_tag IS 'of swr_path: the tag or digest';
COMMENT ON COLUMN public.superseded.swr_instance_id IS 'id of the SWR enterprise instance';
COMMENT ON COLUMN public.superseded.show_name IS 'the name to show';
COMMENT ON COLUMN public.superseded.show_tag IS 'the tag to show';
COMMENT ON COLUMN public.superseded.status_message IS 'what the API says of the status';
COMMENT ON COLUMN public.superseded.dev_services IS 'JSON array of text: NOTEBOOK, SSH, AI_FLOW, …';
COMMENT ON COLUMN public.superseded.resource_categories IS 'JSON array of text: CPU, GPU, ASCEND, …';
COMMENT ON COLUMN public.superseded.tags IS 'JSON array of {key, value}';
COMMENT ON COLUMN public.superseded.created_at IS 'when the image was made, as the API says';
COMMENT ON COLUMN public.superseded.updated_at IS 'when the API last touched it; does not detect change';
COMMENT ON COLUMN public.superseded.extra IS 'unknown fields as they came with this version';
CREATE VIEW public.image_changes AS
 SELECT catalogue.opened_run_id AS run_id,
    catalogue.valid_from AS at,
    catalogue.source,
    catalogue.image_id,
    catalogue.name,
    catalogue.opened_as AS kind,
    NULL::text AS field,
    NULL::text AS old_value,
    NULL::text AS new_value,
    catalogue.version
   FROM public.catalogue
  WHERE (catalogue.opened_as <> 'changed'::text)
UNION ALL
 SELECT catalogue.closed_run_id AS run_id,
    catalogue.valid_to AS at,
    catalogue.source,
    catalogue.image_id,
    catalogue.name,
    catalogue.closed_as AS kind,
    NULL::text AS field,
    NULL::text AS old_value,
    NULL::text AS new_value,
    catalogue.version
   FROM public.catalogue
  WHERE ((catalogue.closed_run_id IS NOT NULL) AND (catalogue.closed_as <> 'changed'::text))
UNION ALL
 SELECT superseded.opened_run_id AS run_id,
    superseded.valid_from AS at,
    superseded.source,
    superseded.image_id,
    superseded.name,
    superseded.opened_as AS kind,
    NULL::text AS field,
    NULL::text AS old_value,
    NULL::text AS new_value,
    superseded.version
   FROM public.superseded
  WHERE (superseded.opened_as <> 'changed'::text)
UNION ALL
 SELECT superseded.closed_run_id AS run_id,
    superseded.valid_to AS at,
    superseded.source,
    superseded.image_id,
    superseded.name,
    superseded.closed_as AS kind,
    NULL::text AS field,
    NULL::text AS old_value,
    NULL::text AS new_value,
    superseded.version
   FROM public.superseded
  WHERE ((superseded.closed_run_id IS NOT NULL) AND (superseded.closed_as <> 'changed'::text))
UNION ALL
 SELECT f.run_id,
    v.valid_from AS at,
    v.source,
    v.image_id,
    v.name,
    'changed'::text AS kind,
    f.field,
    f.old_value,
    f.new_value,
    f.version
   FROM (public.field_changes f
     JOIN public.catalogue v ON (((v.image_key = f.image_key) AND (v.version = f.version))))
UNION ALL
 SELECT f.run_id,
    v.valid_from AS at,
    v.source,
    v.image_id,
    v.name,
    'changed'::text AS kind,
    f.field,
    f.old_value,
    f.new_value,
    f.version
   FROM (public.field_changes f
     JOIN public.superseded v ON (((v.image_key = f.image_key) AND (v.version = f.version))));
COMMENT ON VIEW public.image_changes IS 'What each run changed: one row for each event and each changed field';
COMMENT ON COLUMN public.image_changes.run_id IS 'the run that made the change';
COMMENT ON COLUMN public.image_changes.at IS 'observed_at of that run';
COMMENT ON COLUMN public.image_changes.source IS 'name of the source in the configuration';
COMMENT ON COLUMN public.image_changes.image_id IS 'the API''s id, unique within a source';
COMMENT ON COLUMN public.image_changes.name IS 'the image''s name in that version';
COMMENT ON COLUMN public.image_changes.kind IS 'added, changed, removed, restored, out_of_scope or in_scope';
COMMENT ON COLUMN public.image_changes.field IS 'the tracked column that changed; null unless kind is changed';
COMMENT ON COLUMN public.image_changes.old_value IS 'JSON text of the value before; null unless kind is changed';
COMMENT ON COLUMN public.image_changes.new_value IS 'JSON text of the value after; null unless kind is changed';
COMMENT ON COLUMN public.image_changes.version IS 'number of the version that it began or ended';
CREATE VIEW public.image_components AS
 SELECT c.source,
    c.image_id,
    (each.value ->> 0) AS component,
    (each.value ->> 1) AS version,
    c.state
   FROM public.catalogue c,
    LATERAL jsonb_array_elements(c.components) each(value);
COMMENT ON VIEW public.image_components IS 'What name, tag, path and description say is inside each image';
COMMENT ON COLUMN public.image_components.source IS 'name of the source in the configuration';
COMMENT ON COLUMN public.image_components.image_id IS 'the API''s id, unique within a source';
COMMENT ON COLUMN public.image_components.component IS 'python, pytorch, tensorflow, mindspore, cuda, cann, ubuntu, …';
COMMENT ON COLUMN public.image_components.version IS 'as the text has it';
COMMENT ON COLUMN public.image_components.state IS 'the image''s state: present, removed or out_of_scope';
CREATE VIEW public.image_dev_services AS
 SELECT c.source,
    c.image_id,
    each.value AS dev_service
   FROM public.catalogue c,
    LATERAL jsonb_array_elements_text(c.dev_services) each(value);
COMMENT ON VIEW public.image_dev_services IS 'One row for each development service of each image';
COMMENT ON COLUMN public.image_dev_services.source IS 'name of the source in the configuration';
COMMENT ON COLUMN public.image_dev_services.image_id IS 'the API''s id, unique within a source';
COMMENT ON COLUMN public.image_dev_services.dev_service IS 'NOTEBOOK, SSH, AI_FLOW, …';
CREATE TABLE public.image_removals (
    source text NOT NULL COLLATE pg_catalog."C",
    image_id text NOT NULL COLLATE pg_catalog."C",
    name text,
    swr_path text,
    version integer NOT NULL,
    run_id bigint NOT NULL,
    removed_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    missing_since timestamp with time zone,
    evidence text NOT NULL,
    evidence_detail json NOT NULL,
    restored_at timestamp with time zone,
    restored_run_id bigint,
    CONSTRAINT ck_image_removals_evidence CHECK ((evidence = ANY (ARRAY['lookup_not_found'::text, 'lookup_deleted'::text, 'listed_deleted'::text, 'absent_twice'::text]))),
    CONSTRAINT ck_image_removals_restored CHECK (((restored_at IS NULL) = (restored_run_id IS NULL)))
);
COMMENT ON TABLE public.image_removals IS 'Images that left the catalogue, each time, with the evidence';
COMMENT ON COLUMN public.image_removals.source IS 'name of the source in the configuration';
COMMENT ON COLUMN public.image_removals.image_id IS 'the API''s id, unique within a source';
COMMENT ON COLUMN public.image_removals.name IS 'the image''s last known name';
COMMENT ON COLUMN public.image_removals.swr_path IS 'its last known address';
COMMENT ON COLUMN public.image_removals.version IS 'the version that the removal ended';
COMMENT ON COLUMN public.image_removals.run_id IS 'the run that found it removed';
COMMENT ON COLUMN public.image_removals.removed_at IS 'observed_at of that run';
COMMENT ON COLUMN public.image_removals.last_seen_at IS 'latest certified walk that saw it, or its latest change';
COMMENT ON COLUMN public.image_removals.missing_since IS 'first certified walk without it; null: still listed';
COMMENT ON COLUMN public.image_removals.evidence IS 'how it is known';
COMMENT ON COLUMN public.image_removals.evidence_detail IS 'HTTP status, error code, request id, time';
COMMENT ON COLUMN public.image_removals.restored_at IS 'observed_at of the run that saw it again';
COMMENT ON COLUMN public.image_removals.restored_run_id IS 'the run that saw it again';
CREATE VIEW public.image_resource_categories AS
 SELECT c.source,
    c.image_id,
    each.value AS resource_category
   FROM public.catalogue c,
    LATERAL jsonb_array_elements_text(c.resource_categories) each(value);
COMMENT ON VIEW public.image_resource_categories IS 'One row for each resource category of each image';
COMMENT ON COLUMN public.image_resource_categories.source IS 'name of the source in the configuration';
COMMENT ON COLUMN public.image_resource_categories.image_id IS 'the API''s id, unique within a source';
COMMENT ON COLUMN public.image_resource_categories.resource_category IS 'CPU, GPU, ASCEND, …';
CREATE VIEW public.image_tags AS
 SELECT c.source,
    c.image_id,
    (each.value ->> 'key'::text) AS key,
    (each.value ->> 'value'::text) AS value
   FROM public.catalogue c,
    LATERAL jsonb_array_elements(c.tags) each(value);
COMMENT ON VIEW public.image_tags IS 'One row for each tag of each image';
COMMENT ON COLUMN public.image_tags.source IS 'name of the source in the configuration';
COMMENT ON COLUMN public.image_tags.image_id IS 'the API''s id, unique within a source';
COMMENT ON COLUMN public.image_tags.key IS 'the tag''s key';
COMMENT ON COLUMN public.image_tags.value IS 'its value; may be null';
CREATE VIEW public.image_versions AS
 SELECT catalogue.source,
    catalogue.image_id,
    catalogue.version,
    catalogue.valid_from,
    catalogue.valid_to,
    catalogue.opened_run_id AS run_id,
    catalogue.name,
    catalogue.description,
    catalogue.type,
    catalogue.status,
    catalogue.arch,
    catalogue.tag,
    catalogue.namespace,
    catalogue.workspace_id,
    catalogue.visibility,
    catalogue.origin,
    catalogue.service_type,
    catalogue.flavor_type,
    catalogue.size,
    catalogue.swr_path,
    catalogue.swr_registry,
    catalogue.swr_organization,
    catalogue.swr_repository,
    catalogue.swr_tag,
    catalogue.swr_instance_id,
    catalogue.show_name,
    catalogue.show_tag,
    catalogue.status_message,
    catalogue.dev_services,
    catalogue.resource_categories,
    catalogue.tags,
    catalogue.created_at,
    catalogue.updated_at,
    catalogue.extra,
    catalogue.opened_as,
    catalogue.closed_as,
    catalogue.closed_run_id
   FROM public.catalogue
UNION ALL
 SELECT superseded.source,
    superseded.image_id,
    superseded.version,
    superseded.valid_from,
    superseded.valid_to,
    superseded.opened_run_id AS run_id,
    superseded.name,
    superseded.description,
    superseded.type,
    superseded.status,
    superseded.arch,
    superseded.tag,
    superseded.namespace,
    superseded.workspace_id,
    superseded.visibility,
    superseded.origin,
    superseded.service_type,
    superseded.flavor_type,
    superseded.size,
    superseded.swr_path,
    superseded.swr_registry,
    superseded.swr_organization,
    superseded.swr_repository,
    superseded.swr_tag,
    superseded.swr_instance_id,
    superseded.show_name,
    superseded.show_tag,
    superseded.status_message,
    superseded.dev_services,
    superseded.resource_categories,
    superseded.tags,
    superseded.created_at,
    superseded.updated_at,
    superseded.extra,
    superseded.opened_as,
    superseded.closed_as,
    superseded.closed_run_id
   FROM public.superseded;
COMMENT ON VIEW public.image_versions IS 'One row for each version of each image; valid from valid_from to valid_to';
COMMENT ON COLUMN public.image_versions.source IS 'name of the source in the configuration';
COMMENT ON COLUMN public.image_versions.image_id IS 'the API''s id, unique within a source';
COMMENT ON COLUMN public.image_versions.version IS 'number of the version, from 1';
COMMENT ON COLUMN public.image_versions.valid_from IS 'observed_at of the run that brought this version';
COMMENT ON COLUMN public.image_versions.valid_to IS 'observed_at of the run that ended it; null: still so';
COMMENT ON COLUMN public.image_versions.run_id IS 'the run that brought this version';
COMMENT ON COLUMN public.image_versions.name IS 'the image''s name, without surrounding white space; not unique';
COMMENT ON COLUMN public.image_versions.description IS 'the image''s description';
COMMENT ON COLUMN public.image_versions.type IS 'BUILD_IN or DEDICATED; others are kept';
COMMENT ON COLUMN public.image_versions.status IS 'INIT, CREATING, CREATE_FAILED, ERROR, DELETED, ACTIVE, …';
COMMENT ON COLUMN public.image_versions.arch IS 'processor architecture in lower case: x86_64, aarch64, …';
COMMENT ON COLUMN public.image_versions.tag IS 'the image''s tag';
COMMENT ON COLUMN public.image_versions.namespace IS 'SWR organisation, as the API names it';
COMMENT ON COLUMN public.image_versions.workspace_id IS 'workspace; 0 is the default one';
COMMENT ON COLUMN public.image_versions.visibility IS 'PRIVATE, PUBLIC, HIDDEN, …';
COMMENT ON COLUMN public.image_versions.origin IS 'CUSTOMIZE, IMAGE_SAVE, …';
COMMENT ON COLUMN public.image_versions.service_type IS 'COMMON, INFERENCE, TRAIN, DEV, UNKNOWN, …';
COMMENT ON COLUMN public.image_versions.flavor_type IS 'ASCEND_SNT9, ASCEND_SNT9B, ASCEND_SNT3, …';
COMMENT ON COLUMN public.image_versions.size IS 'as reported (documented in KB, observed in bytes)';
COMMENT ON COLUMN public.image_versions.swr_path IS 'the image''s address in the registry; not unique';
COMMENT ON COLUMN public.image_versions.swr_registry IS 'of swr_path: host, with the port if it has one';
COMMENT ON COLUMN public.image_versions.swr_organization IS 'of swr_path: the organisation';
COMMENT ON COLUMN public.image_versions.swr_repository IS 'of swr_path: the repository';
COMMENT ON COLUMN public.image_versions.swr_tag IS 'of swr_path: the tag or digest';
COMMENT ON COLUMN public.image_versions.swr_instance_id IS 'id of the SWR enterprise instance';
COMMENT ON COLUMN public.image_versions.show_name IS 'the name to show';
COMMENT ON COLUMN public.image_versions.show_tag IS 'the tag to show';
COMMENT ON COLUMN public.image_versions.status_message IS 'what the API says of the status';
COMMENT ON COLUMN public.image_versions.dev_services IS 'JSON array of text: NOTEBOOK, SSH, AI_FLOW, …';
COMMENT ON COLUMN public.image_versions.resource_categories IS 'JSON array of text: CPU, GPU, ASCEND, …';
COMMENT ON COLUMN public.image_versions.tags IS 'JSON array of {key, value}';
COMMENT ON COLUMN public.image_versions.created_at IS 'when the image was made, as the API says';
COMMENT ON COLUMN public.image_versions.updated_at IS 'when the API last touched it; does not detect change';
COMMENT ON COLUMN public.image_versions.extra IS 'unknown fields as they came with this version';
COMMENT ON COLUMN public.image_versions.opened_as IS 'added, changed, restored or in_scope';
COMMENT ON COLUMN public.image_versions.closed_as IS 'changed, removed or out_of_scope; null: still so';
COMMENT ON COLUMN public.image_versions.closed_run_id IS 'the run that ended this version';
CREATE TABLE public.source_runs (
    run_id bigint NOT NULL,
    source text NOT NULL COLLATE pg_catalog."C",
    status text NOT NULL,
    observed_at timestamp with time zone NOT NULL,
    certificate text NOT NULL,
    walks bigint NOT NULL,
    pages bigint NOT NULL,
    requests bigint NOT NULL,
    retries bigint NOT NULL,
    reported_total bigint NOT NULL,
    seen bigint NOT NULL,
    added bigint NOT NULL,
    changed bigint NOT NULL,
    unchanged bigint NOT NULL,
    removed bigint NOT NULL,
    restored bigint NOT NULL,
    in_scope bigint NOT NULL,
    out_of_scope bigint NOT NULL,
    held bigint NOT NULL,
    missing bigint NOT NULL,
    rejected bigint NOT NULL,
    present bigint NOT NULL,
    walk_detail json NOT NULL,
    coverage text,
    error_kind text,
    error_message text,
    error_request_id text,
    catalogue_digest text NOT NULL,
    digest text NOT NULL,
    previous_digest text,
    CONSTRAINT ck_source_runs_certificate CHECK ((certificate = ANY (ARRAY['exact'::text, 'ordered'::text, 'agreed'::text, 'none'::text]))),
    CONSTRAINT ck_source_runs_status CHECK ((status = ANY (ARRAY['succeeded'::text, 'partial'::text, 'held'::text, 'failed'::text])))
);
COMMENT ON TABLE public.source_runs IS 'What one run did to one source';
COMMENT ON COLUMN public.source_runs.run_id IS 'the run';
COMMENT ON COLUMN public.source_runs.source IS 'name of the source in the configuration';
COMMENT ON COLUMN public.source_runs.status IS 'succeeded, partial, held or failed';
COMMENT ON COLUMN public.source_runs.observed_at IS 'the instant that this run''s facts bear';
COMMENT ON COLUMN public.source_runs.certificate IS 'exact, ordered, agreed or none';
COMMENT ON COLUMN public.source_runs.walks IS 'readings of the source''s listings';
COMMENT ON COLUMN public.source_runs.pages IS 'pages read';
COMMENT ON COLUMN public.source_runs.requests IS 'requests sent, retries and lookups among them';
COMMENT ON COLUMN public.source_runs.retries IS 'requests sent again';
COMMENT ON COLUMN public.source_runs.reported_total IS 'sum of the listings'' total, as last reported';
COMMENT ON COLUMN public.source_runs.seen IS 'distinct images seen';
COMMENT ON COLUMN public.source_runs.added IS 'images seen for the first time';
COMMENT ON COLUMN public.source_runs.changed IS 'images with a changed value';
COMMENT ON COLUMN public.source_runs.unchanged IS 'images as before';
COMMENT ON COLUMN public.source_runs.removed IS 'images that left the catalogue';
COMMENT ON COLUMN public.source_runs.restored IS 'removed images that came back';
COMMENT ON COLUMN public.source_runs.in_scope IS 'out_of_scope images that are taken in again';
COMMENT ON COLUMN public.source_runs.out_of_scope IS 'images that the source''s coverage no longer takes in';
COMMENT ON COLUMN public.source_runs.held IS 'removals held by the guard';
COMMENT ON COLUMN public.source_runs.missing IS 'images absent but unproven';
COMMENT ON COLUMN public.source_runs.rejected IS 'records that can''t be understood';
COMMENT ON COLUMN public.source_runs.present IS 'images in the catalogue after this run';
COMMENT ON COLUMN public.source_runs.walk_detail IS 'how the walk went, for each listing';
COMMENT ON COLUMN public.source_runs.coverage IS 'digest of the types, workspaces and filters';
COMMENT ON COLUMN public.source_runs.error_kind IS 'refused, unavailable or broken';
COMMENT ON COLUMN public.source_runs.error_message IS 'what failed, without secrets';
COMMENT ON COLUMN public.source_runs.error_request_id IS 'the API''s id of the request that failed';
COMMENT ON COLUMN public.source_runs.catalogue_digest IS 'set digest of the images present after this run';
COMMENT ON COLUMN public.source_runs.digest IS 'digest of this row, its changes and removals, and previous_digest';
COMMENT ON COLUMN public.source_runs.previous_digest IS 'digest of the source''s run before; null: the first';
CREATE VIEW public.images AS
 SELECT c.source,
    c.image_id,
    c.state,
    c.name,
    c.description,
    c.type,
    c.status,
    c.arch,
    c.tag,
    c.namespace,
    c.workspace_id,
    c.visibility,
    c.origin,
    c.service_type,
    c.flavor_type,
    c.size,
    c.swr_path,
    c.swr_registry,
    c.swr_organization,
    c.swr_repository,
    c.swr_tag,
    c.swr_instance_id,
    c.show_name,
    c.show_tag,
    c.status_message,
    c.dev_services,
    c.resource_categories,
    c.tags,
    c.created_at,
    c.updated_at,
    c.extra,
    c.version,
    c.first_seen_at,
        CASE
            WHEN ((c.unseen_at IS NOT NULL) AND (c.unseen_at > c.valid_from)) THEN c.unseen_at
            WHEN ((c.unseen_at IS NULL) AND (w.walked_at > c.valid_from)) THEN w.walked_at
            ELSE c.valid_from
        END AS last_seen_at,
    c.valid_from AS last_changed_at,
    c.missing_since,
        CASE
            WHEN (c.state = 'removed'::text) THEN c.valid_to
            ELSE NULL::timestamp with time zone
        END AS removed_at,
    c.listing
   FROM (public.catalogue c
     LEFT JOIN ( SELECT source_runs.source,
            max(source_runs.observed_at) AS walked_at
           FROM public.source_runs
          WHERE (source_runs.certificate <> 'none'::text)
          GROUP BY source_runs.source) w ON ((w.source = c.source)));
COMMENT ON VIEW public.images IS 'One row for every image ever seen, with its last known values';
COMMENT ON COLUMN public.images.source IS 'name of the source in the configuration';
COMMENT ON COLUMN public.images.image_id IS 'the API''s id, unique within a source';
COMMENT ON COLUMN public.images.state IS 'present, removed or out_of_scope; a removed image keeps its last values';
COMMENT ON COLUMN public.images.name IS 'the image''s name, without surrounding white space; not unique';
COMMENT ON COLUMN public.images.description IS 'the image''s description';
COMMENT ON COLUMN public.images.type IS 'BUILD_IN or DEDICATED; others are kept';
COMMENT ON COLUMN public.images.status IS 'INIT, CREATING, CREATE_FAILED, ERROR, DELETED, ACTIVE, …';
COMMENT ON COLUMN public.images.arch IS 'processor architecture in lower case: x86_64, aarch64, …';
COMMENT ON COLUMN public.images.tag IS 'the image''s tag';
COMMENT ON COLUMN public.images.namespace IS 'SWR organisation, as the API names it';
COMMENT ON COLUMN public.images.workspace_id IS 'workspace; 0 is the default one';
COMMENT ON COLUMN public.images.visibility IS 'PRIVATE, PUBLIC, HIDDEN, …';
COMMENT ON COLUMN public.images.origin IS 'CUSTOMIZE, IMAGE_SAVE, …';
COMMENT ON COLUMN public.images.service_type IS 'COMMON, INFERENCE, TRAIN, DEV, UNKNOWN, …';
COMMENT ON COLUMN public.images.flavor_type IS 'ASCEND_SNT9, ASCEND_SNT9B, ASCEND_SNT3, …';
COMMENT ON COLUMN public.images.size IS 'as reported (documented in KB, observed in bytes)';
COMMENT ON COLUMN public.images.swr_path IS 'the image''s address in the registry; not unique';
COMMENT ON COLUMN public.images.swr_registry IS 'of swr_path: host, with the port if it has one';
COMMENT ON COLUMN public.images.swr_organization IS 'of swr_path: the organisation';
COMMENT ON COLUMN public.images.swr_repository IS 'of swr_path: the repository';
COMMENT ON COLUMN public.images.swr_tag IS 'of swr_path: the tag or digest';
COMMENT ON COLUMN public.images.swr_instance_id IS 'id of the SWR enterprise instance';
COMMENT ON COLUMN public.images.show_name IS 'the name to show';
COMMENT ON COLUMN public.images.show_tag IS 'the tag to show';
COMMENT ON COLUMN public.images.status_message IS 'what the API says of the status';
COMMENT ON COLUMN public.images.dev_services IS 'JSON array of text: NOTEBOOK, SSH, AI_FLOW, …';
COMMENT ON COLUMN public.images.resource_categories IS 'JSON array of text: CPU, GPU, ASCEND, …';
COMMENT ON COLUMN public.images.tags IS 'JSON array of {key, value}';
COMMENT ON COLUMN public.images.created_at IS 'when the image was made, as the API says';
COMMENT ON COLUMN public.images.updated_at IS 'when the API last touched it; does not detect change';
COMMENT ON COLUMN public.images.extra IS 'unknown fields as they came with this version';
COMMENT ON COLUMN public.images.version IS 'number of its latest version, from 1';
COMMENT ON COLUMN public.images.first_seen_at IS 'observed_at of the run that first saw the image';
COMMENT ON COLUMN public.images.last_seen_at IS 'latest certified walk that saw it, or its latest change if later';
COMMENT ON COLUMN public.images.last_changed_at IS 'observed_at of the run that brought its latest version';
COMMENT ON COLUMN public.images.missing_since IS 'first certified walk without it, as long as undecided';
COMMENT ON COLUMN public.images.removed_at IS 'observed_at of the run that found it removed; null unless removed';
COMMENT ON COLUMN public.images.listing IS 'TYPE/WORKSPACE of the listing that gave this version';
CREATE TABLE public.rejects (
    reject_id bigint NOT NULL,
    run_id bigint NOT NULL,
    source text NOT NULL COLLATE pg_catalog."C",
    image_id text,
    listing text,
    page integer NOT NULL,
    "position" integer NOT NULL,
    reason text NOT NULL,
    record text NOT NULL,
    record_bytes bigint NOT NULL,
    record_digest text NOT NULL,
    rejected_at timestamp with time zone NOT NULL,
    resolved_at timestamp with time zone
);
COMMENT ON TABLE public.rejects IS 'Records that can''t be understood, kept with the reason';
COMMENT ON COLUMN public.rejects.reject_id IS 'number of the reject';
COMMENT ON COLUMN public.rejects.run_id IS 'the run that met it first';
COMMENT ON COLUMN public.rejects.source IS 'name of the source in the configuration';
COMMENT ON COLUMN public.rejects.image_id IS 'the record''s id, where it has a usable one';
COMMENT ON COLUMN public.rejects.listing IS 'TYPE/WORKSPACE of the listing that held it';
COMMENT ON COLUMN public.rejects.page IS 'page of the listing, from 0';
COMMENT ON COLUMN public.rejects."position" IS 'place on the page, from 0';
COMMENT ON COLUMN public.rejects.reason IS 'the field and what is wrong with it';
COMMENT ON COLUMN public.rejects.record IS 'the record as received, cut at a bound';
COMMENT ON COLUMN public.rejects.record_bytes IS 'the record''s whole length in bytes';
COMMENT ON COLUMN public.rejects.record_digest IS 'digest of the whole record';
COMMENT ON COLUMN public.rejects.rejected_at IS 'observed_at of the run that met it first';
COMMENT ON COLUMN public.rejects.resolved_at IS 'when the record, or a later one, was understood';
CREATE SEQUENCE public.rejects_reject_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.rejects_reject_id_seq OWNED BY public.rejects.reject_id;
CREATE TABLE public.source_fields (
    source text NOT NULL COLLATE pg_catalog."C",
    field text NOT NULL,
    first_seen_at timestamp with time zone NOT NULL,
    run_id bigint NOT NULL
);
COMMENT ON TABLE public.source_fields IS 'Unknown fields as they appear';
COMMENT ON COLUMN public.source_fields.source IS 'name of the source in the configuration';
COMMENT ON COLUMN public.source_fields.field IS 'name of a field that the API reference does not know';
COMMENT ON COLUMN public.source_fields.first_seen_at IS 'observed_at of the run that met it first';
COMMENT ON COLUMN public.source_fields.run_id IS 'the run that met it first';
CREATE TABLE public.sync_runs (
    run_id bigint NOT NULL,
    kind text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    status text NOT NULL,
    exit_code integer,
    version text NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    CONSTRAINT ck_sync_runs_end CHECK (((status = ANY (ARRAY['running'::text, 'abandoned'::text])) OR (finished_at IS NOT NULL))),
    CONSTRAINT ck_sync_runs_kind CHECK ((kind = ANY (ARRAY['sync'::text, 'approve'::text, 'dismiss'::text, 'replay'::text]))),
    CONSTRAINT ck_sync_runs_status CHECK ((status = ANY (ARRAY['running'::text, 'succeeded'::text, 'partial'::text, 'held'::text, 'failed'::text, 'interrupted'::text, 'abandoned'::text])))
);
COMMENT ON TABLE public.sync_runs IS 'One row for each execution of a writing command';
COMMENT ON COLUMN public.sync_runs.run_id IS 'number of the run';
COMMENT ON COLUMN public.sync_runs.kind IS 'sync, approve, dismiss or replay';
COMMENT ON COLUMN public.sync_runs.started_at IS 'when it began';
COMMENT ON COLUMN public.sync_runs.finished_at IS 'when it ended; null: it runs, or was killed';
COMMENT ON COLUMN public.sync_runs.status IS 'running, succeeded, partial, held, failed, interrupted, abandoned';
COMMENT ON COLUMN public.sync_runs.exit_code IS 'the process''s exit code';
COMMENT ON COLUMN public.sync_runs.version IS 'version of image-sync';
COMMENT ON COLUMN public.sync_runs.host IS 'the machine it ran on';
COMMENT ON COLUMN public.sync_runs.pid IS 'its process id';
CREATE SEQUENCE public.sync_runs_run_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.sync_runs_run_id_seq OWNED BY public.sync_runs.run_id;
ALTER TABLE ONLY public.catalogue ALTER COLUMN image_key SET DEFAULT nextval('public.catalogue_image_key_seq'::regclass);
ALTER TABLE ONLY public.rejects ALTER COLUMN reject_id SET DEFAULT nextval('public.rejects_reject_id_seq'::regclass);
ALTER TABLE ONLY public.sync_runs ALTER COLUMN run_id SET DEFAULT nextval('public.sync_runs_run_id_seq'::regclass);
INSERT INTO public.alembic_version VALUES ('0001');
INSERT INTO public.catalogue VALUES (10, '\x6c7d3dc188bebd2c0419e5e7a886577e', '\x019ac57c0b621a6f6d0687e91bcbecd25d', 'removed', 'sample', 'dddddddddddddddddddddddddddddddd', 1, '2026-09-01 10:00:02+00', '2026-09-01 10:00:02+00', 4, 'added', 4, 'removed', '2026-09-01 10:00:02+00', NULL, NULL, 'BUILD_IN/0', 'pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_22.04-x86_64', NULL, 'BUILD_IN', 'DELETED', 'x86_64', '1.8.1', NULL, NULL, NULL, NULL, NULL, NULL, 12273026861, 'swr.example.com/atelier/pytorch:1.8.1-2', 'swr.example.com', 'atelier', 'pytorch', '1.8.1-2', NULL, NULL, NULL, NULL, '["SSH"]', NULL, '[{"key": "team", "value": "a"}]', '2021-12-03 09:44:54.749+00', NULL, '{}', '[["cuda", "11.7"], ["python", "3.7"], ["pytorch", "1.8.1"], ["ubuntu", "22.04"]]');
INSERT INTO public.catalogue VALUES (2, '\xf09b66c5d15a87c340371c5e4e31fe39', '\x01e0c0a2570ed401dd351272a02ddaac1a', 'out_of_scope', 'sample', '00000000000000000000000000000001', 2, '2026-09-01 09:00:02+00', '2026-09-01 12:00:02+00', 3, 'changed', 6, 'out_of_scope', '2026-09-01 07:00:02+00', '2026-09-01 09:00:02+00', NULL, 'BUILD_IN/0', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64', NULL, 'BUILD_IN', 'ACTIVE', 'aarch64', '2.1.0', NULL, NULL, NULL, NULL, NULL, NULL, 7714633184, 'swr.example.com/atelier/pytorch:2.1.0-4', 'swr.example.com', 'atelier', 'pytorch', '2.1.0-4', NULL, NULL, NULL, NULL, '[]', NULL, '[{"key": "team", "value": ""}]', '2021-12-11 06:37:57.246+00', NULL, '{}', '[["cuda", "11.7"], ["python", "3.7"], ["pytorch", "2.1.0"], ["ubuntu", "22.04"]]');
INSERT INTO public.catalogue VALUES (1, '\x532d30d580e6071473a8816e1445723c', '\x013c1a75b621522272f98a47915f50869c', 'removed', 'sample', '00000000000000000000000000000000', 3, '2026-09-01 12:00:02+00', '2026-09-01 13:00:02+00', 6, 'changed', 7, 'removed', '2026-09-01 07:00:02+00', '2026-09-01 12:00:02+00', NULL, 'BUILD_IN/0', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64', NULL, 'BUILD_IN', 'ACTIVE', NULL, '2.1.0', NULL, NULL, NULL, NULL, NULL, NULL, 9686402048, 'swr.example.com/atelier/pytorch:2.1.0-5', 'swr.example.com', 'atelier', 'pytorch', '2.1.0-5', NULL, NULL, NULL, NULL, '["NOTEBOOK"]', NULL, '[{"key": "team", "value": ""}]', '2021-12-03 00:23:57.303+00', NULL, '{}', '[["cuda", "11.7"], ["python", "3.7"], ["pytorch", "2.1.0"], ["ubuntu", "20.04"]]');
INSERT INTO public.catalogue VALUES (9, '\x8dcefda59d8ec1d7f99a9a3076b24b95', '\x0198e3882aafc469fd6b3050405cf3f18c', 'present', 'sample', '00000003e65150b566fec086df229650', 6, '2026-09-01 18:00:02+00', NULL, 12, 'changed', NULL, NULL, '2026-09-01 10:00:02+00', NULL, NULL, 'BUILD_IN/0', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64', NULL, 'BUILD_IN', 'ERROR', 'x86_64', '2.1.0', NULL, NULL, NULL, NULL, NULL, NULL, 3008228468, 'swr.example.com/atelier/pytorch:2.1.0-7', 'swr.example.com', 'atelier', 'pytorch', '2.1.0-7', NULL, NULL, NULL, NULL, '[]', NULL, '[{"key": "team", "value": ""}]', '2021-12-10 01:40:09.428+00', NULL, '{}', '[["cuda", "11.7"], ["python", "3.7"], ["pytorch", "2.1.0"], ["ubuntu", "18.04"]]');
INSERT INTO public.catalogue VALUES (4, '\xc61ecbdbeb346481df41e3fb389f62da', '\x017bcb832a1d58807f47cb4f3f19fd8679', 'out_of_scope', 'sample', '00000000000000000000000000000003', 4, '2026-09-01 10:00:02+00', '2026-09-01 18:00:02+00', 4, 'changed', 12, 'out_of_scope', '2026-09-01 07:00:02+00', '2026-09-01 15:00:02+00', NULL, 'BUILD_IN/0', 'pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_18.04-x86_64', NULL, 'BUILD_IN', 'ERROR', 'aarch64', '1.8.1', NULL, NULL, NULL, NULL, NULL, NULL, 2185596104, 'swr.example.com/atelier/pytorch:1.8.1-6', 'swr.example.com', 'atelier', 'pytorch', '1.8.1-6', NULL, NULL, NULL, NULL, '[]', NULL, '[{"key": "team", "value": ""}]', '2021-12-01 07:47:12.167+00', NULL, '{}', '[["cuda", "11.7"], ["python", "3.7"], ["pytorch", "1.8.1"], ["ubuntu", "18.04"]]');
INSERT INTO public.catalogue VALUES (8, '\xafe2010d1c0b3202abb5b90f8248d837', '\x01c33972fe693b24b785117d01fe672ffb', 'out_of_scope', 'sample', '00000002fa1b1bf13879399bd50e0097', 3, '2026-09-01 14:00:02+00', '2026-09-01 18:00:02+00', 8, 'changed', 12, 'out_of_scope', '2026-09-01 09:00:02+00', '2026-09-01 14:00:02+00', NULL, 'BUILD_IN/0', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64', NULL, 'BUILD_IN', 'ERROR', 'aarch64', '2.1.0', NULL, NULL, NULL, NULL, NULL, NULL, 9645844276, 'swr.example.com/atelier/pytorch:2.1.0-1', 'swr.example.com', 'atelier', 'pytorch', '2.1.0-1', NULL, NULL, NULL, NULL, '["NOTEBOOK", "SSH"]', NULL, '[{"key": "team", "value": "a"}]', '2021-11-30 08:19:40.937+00', NULL, '{}', '[["cuda", "11.7"], ["python", "3.7"], ["pytorch", "2.1.0"], ["ubuntu", "20.04"]]');
INSERT INTO public.catalogue VALUES (11, '\xb42d6e9a507516bcf74cc212a4025482', '\x0135a1c23eb5faeee167b02e137be116d2', 'out_of_scope', 'sample', '000000044ba955f3e40961505d698c8b', 1, '2026-09-01 12:00:02+00', '2026-09-01 18:00:02+00', 6, 'added', 12, 'out_of_scope', '2026-09-01 12:00:02+00', '2026-09-01 15:00:02+00', NULL, 'BUILD_IN/0', 'pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_22.04-x86_64', NULL, 'BUILD_IN', 'ERROR', NULL, '1.8.1', NULL, NULL, NULL, NULL, NULL, NULL, 1623667860, 'swr.example.com/atelier/pytorch:1.8.1-8', 'swr.example.com', 'atelier', 'pytorch', '1.8.1-8', NULL, NULL, NULL, NULL, '[]', NULL, '[{"key": "team", "value": "a"}]', '2021-12-03 09:48:16.824+00', NULL, '{}', '[["cuda", "11.7"], ["python", "3.7"], ["pytorch", "1.8.1"], ["ubuntu", "22.04"]]');
INSERT INTO public.catalogue VALUES (3, '\x2cfaa940ba5fa577a25caf3e069f7843', '\x0133266c8c6f465d5ae3d1e7f05d8ab78b', 'present', 'sample', '00000000000000000000000000000002', 4, '2026-09-01 18:00:02+00', NULL, 12, 'changed', NULL, NULL, '2026-09-01 07:00:02+00', NULL, NULL, 'BUILD_IN/0', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64', NULL, 'BUILD_IN', 'ERROR', 'x86_64', '2.1.0', NULL, NULL, NULL, NULL, NULL, NULL, 4270533497, 'swr.example.com/atelier/pytorch:2.1.0-8', 'swr.example.com', 'atelier', 'pytorch', '2.1.0-8', NULL, NULL, NULL, NULL, '[]', NULL, '[{"key": "team", "value": ""}]', '2021-12-07 21:41:35.933+00', NULL, '{}', '[["cuda", "11.7"], ["python", "3.7"], ["pytorch", "2.1.0"], ["ubuntu", "22.04"]]');
INSERT INTO public.catalogue VALUES (6, '\xd4a43091bdf950d00b6e5c41a853cf99', '\x01c2a13033ea45bdf1c9e9d2f1688b4926', 'out_of_scope', 'sample', '00000000000000000000000000000005', 3, '2026-09-01 14:00:02+00', '2026-09-01 18:00:02+00', 8, 'in_scope', 12, 'out_of_scope', '2026-09-01 07:00:02+00', '2026-09-01 14:00:02+00', NULL, 'BUILD_IN/0', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64', NULL, 'BUILD_IN', 'ACTIVE', 'aarch64', '2.1.0', NULL, NULL, NULL, NULL, NULL, NULL, 12326599756, 'swr.example.com/atelier/pytorch:2.1.0-8', 'swr.example.com', 'atelier', 'pytorch', '2.1.0-8', NULL, NULL, NULL, NULL, '[]', NULL, '[{"key": "team", "value": ""}]', '2021-12-06 02:53:08.862+00', NULL, '{}', '[["cuda", "11.7"], ["python", "3.7"], ["pytorch", "2.1.0"], ["ubuntu", "20.04"]]');
INSERT INTO public.catalogue VALUES (13, '\xe3f410e469030e5abf3c6c4c87fbafb7', '\x0110a7598f8ba92191ff826598ee60fefd', 'out_of_scope', 'sample', '00000006dbeef77adcd69029780587f0', 2, '2026-09-01 16:00:02+00', '2026-09-01 18:00:02+00', 10, 'changed', 12, 'out_of_scope', '2026-09-01 14:00:02+00', '2026-09-01 16:00:02+00', NULL, 'BUILD_IN/0', 'pytorch_2.1.0-cuda_11.7-py_3.7-euleros_2.10.11-x86_64', NULL, 'BUILD_IN', 'ERROR', NULL, '2.1.0', NULL, NULL, NULL, NULL, NULL, NULL, 7071299328, 'swr.example.com/atelier/pytorch:2.1.0-0', 'swr.example.com', 'atelier', 'pytorch', '2.1.0-0', NULL, NULL, NULL, NULL, '[]', NULL, '[{"key": "team", "value": ""}]', '2021-12-02 01:48:51.663+00', NULL, '{}', '[["cuda", "11.7"], ["euleros", "2.10.11"], ["python", "3.7"], ["pytorch", "2.1.0"]]');
INSERT INTO public.catalogue VALUES (15, '\x815546fa84abf0f42c6601ef71000de0', '\x0161b5f94dc20d9f28998a39ee134b4531', 'out_of_scope', 'sample', '00000008c842c19ac1fbe94cb8378d82', 1, '2026-09-01 16:00:02+00', '2026-09-01 18:00:02+00', 10, 'added', 12, 'out_of_scope', '2026-09-01 16:00:02+00', '2026-09-01 16:00:02+00', NULL, 'BUILD_IN/0', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64', NULL, 'BUILD_IN', 'ERROR', 'aarch64', '2.1.0', NULL, NULL, NULL, NULL, NULL, NULL, 5915019122, 'swr.example.com/atelier/pytorch:2.1.0-2', 'swr.example.com', 'atelier', 'pytorch', '2.1.0-2', NULL, NULL, NULL, NULL, '["SSH"]', NULL, '[{"key": "team", "value": "a"}]', '2021-12-07 04:06:59.085+00', NULL, '{}', '[["cuda", "11.7"], ["python", "3.7"], ["pytorch", "2.1.0"], ["ubuntu", "22.04"]]');
INSERT INTO public.catalogue VALUES (5, '\x28ebba31d04463382b2837f5d40df2c7', '\x01c781ccfbf70ece9862dcc20a3d29e7e9', 'present', 'sample', '00000000000000000000000000000004', 5, '2026-09-01 19:00:02+00', NULL, 13, 'changed', NULL, NULL, '2026-09-01 07:00:02+00', NULL, NULL, 'BUILD_IN/0', 'pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_18.04-x86_64', NULL, 'BUILD_IN', 'ACTIVE', NULL, '1.8.1', NULL, NULL, NULL, NULL, NULL, NULL, 3209479749, 'swr.example.com/atelier/pytorch:1.8.1-8', 'swr.example.com', 'atelier', 'pytorch', '1.8.1-8', NULL, NULL, NULL, NULL, '["NOTEBOOK"]', NULL, '[{"key": "team", "value": "a"}]', '2021-12-06 07:29:34.269+00', NULL, '{}', '[["cuda", "11.7"], ["python", "3.7"], ["pytorch", "1.8.1"], ["ubuntu", "18.04"]]');
INSERT INTO public.catalogue VALUES (12, '\x94f5d4f7c9fdb0e6544a3693d5bdca72', '\x01906424f28fc1fd22fab6744642e133ef', 'removed', 'sample', '000000059e289761c8fea5d73716e7ea', 2, '2026-09-01 18:00:02+00', '2026-09-01 19:00:02+00', 12, 'changed', 13, 'removed', '2026-09-01 13:00:02+00', '2026-09-01 18:00:02+00', NULL, 'BUILD_IN/0', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64', NULL, 'BUILD_IN', 'ACTIVE', NULL, '2.1.0', NULL, NULL, NULL, NULL, NULL, NULL, 9482587310, 'swr.example.com/atelier/pytorch:2.1.0-3', 'swr.example.com', 'atelier', 'pytorch', '2.1.0-3', NULL, NULL, NULL, NULL, '[]', NULL, '[{"key": "team", "value": ""}]', '2021-12-01 02:31:13.535+00', NULL, '{}', '[["cuda", "11.7"], ["python", "3.7"], ["pytorch", "2.1.0"], ["ubuntu", "22.04"]]');
INSERT INTO public.catalogue VALUES (18, '\xb83562c828679acfbb0d2397c2d10b7c', '\x01ac7bd253b4ee86209be5787faebc1469', 'present', 'sample', '0000000b7c0b03ee4264d159d53dde5e', 1, '2026-09-01 20:00:02+00', NULL, 14, 'added', NULL, NULL, '2026-09-01 20:00:02+00', NULL, NULL, 'BUILD_IN/0', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64', NULL, 'BUILD_IN', 'ERROR', NULL, '2.1.0', NULL, NULL, NULL, NULL, NULL, NULL, 8633434326, 'swr.example.com/atelier/pytorch:2.1.0-4', 'swr.example.com', 'atelier', 'pytorch', '2.1.0-4', NULL, NULL, NULL, NULL, '["NOTEBOOK", "SSH"]', NULL, '[{"key": "team", "value": "a"}]', '2021-12-05 20:04:09.188+00', NULL, '{}', '[["cuda", "11.7"], ["python", "3.7"], ["pytorch", "2.1.0"], ["ubuntu", "18.04"]]');
INSERT INTO public.catalogue VALUES (14, '\x24bac7747b09f45090eab2f6c880d0da', '\x01b9c84f4855fad66c070160b96b09ed56', 'present', 'sample', '000000072008749797f2a70223669676', 3, '2026-09-01 20:00:02+00', NULL, 14, 'changed', NULL, NULL, '2026-09-01 15:00:02+00', NULL, NULL, 'BUILD_IN/0', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64', NULL, 'BUILD_IN', 'ERROR', 'aarch64', '2.1.0', NULL, NULL, NULL, NULL, NULL, NULL, 17052362945, 'swr.example.com/atelier/pytorch:2.1.0-5', 'swr.example.com', 'atelier', 'pytorch', '2.1.0-5', NULL, NULL, NULL, NULL, '["NOTEBOOK", "SSH"]', NULL, '[{"key": "team", "value": "a"}]', '2021-12-08 01:14:40.865+00', NULL, '{}', '[["cuda", "11.7"], ["python", "3.7"], ["pytorch", "2.1.0"], ["ubuntu", "18.04"]]');
INSERT INTO public.catalogue VALUES (17, '\x813f080d01d7cc6869a5928fe455acf7', '\x012351930c8e51390ad12bd490375e2658', 'present', 'sample', '0000000ac87868fa56e0a246663f423b', 2, '2026-09-01 20:00:02+00', NULL, 14, 'changed', NULL, NULL, '2026-09-01 19:00:02+00', NULL, NULL, 'BUILD_IN/0', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64', NULL, 'BUILD_IN', 'ERROR', NULL, '2.1.0', NULL, NULL, NULL, NULL, NULL, NULL, 13616389895, 'swr.example.com/atelier/pytorch:2.1.0-8', 'swr.example.com', 'atelier', 'pytorch', '2.1.0-8', NULL, NULL, NULL, NULL, '[]', NULL, '[{"key": "team", "value": ""}]', '2021-12-06 15:11:37.452+00', NULL, '{}', '[["cuda", "11.7"], ["python", "3.7"], ["pytorch", "2.1.0"], ["ubuntu", "20.04"]]');
INSERT INTO public.catalogue VALUES (16, '\xce8c44f4687bb865ccbb1232dedddb41', '\x01697e3bacbfdd0fa894331e588713b5a6', 'present', 'sample', '000000093e0363339b0a6817f91c85fd', 3, '2026-09-01 20:00:02+00', NULL, 14, 'changed', NULL, NULL, '2026-09-01 18:00:02+00', NULL, NULL, 'BUILD_IN/0', 'pytorch_1.8.1-cuda_11.7-py_3.7-euleros_2.10.11-x86_64', NULL, 'BUILD_IN', 'ERROR', 'aarch64', '1.8.1', NULL, NULL, NULL, NULL, NULL, NULL, 5937301158, 'swr.example.com/atelier/pytorch:1.8.1-8', 'swr.example.com', 'atelier', 'pytorch', '1.8.1-8', NULL, NULL, NULL, NULL, '[]', NULL, '[{"key": "team", "value": ""}]', '2021-12-07 23:48:22.806+00', NULL, '{}', '[["cuda", "11.7"], ["euleros", "2.10.11"], ["python", "3.7"], ["pytorch", "1.8.1"]]');
INSERT INTO public.catalogue VALUES (7, '\x24a6fcff79adeb77600efa5a3f7b90f7', '\x01614cb76d21c6de1b508e2ecc1f7b84bf', 'removed', 'sample', '0000000173f7ba8e0445d656de3a5db5', 3, '2026-09-01 19:00:02+00', '2026-09-01 20:00:02+00', 13, 'changed', 14, 'removed', '2026-09-01 08:00:02+00', '2026-09-01 19:00:02+00', NULL, 'BUILD_IN/0', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64', NULL, 'BUILD_IN', 'ACTIVE', 'x86_64', '2.1.0', NULL, NULL, NULL, NULL, NULL, NULL, 7598086561, 'swr.example.com/atelier/pytorch:2.1.0-6', 'swr.example.com', 'atelier', 'pytorch', '2.1.0-6', NULL, NULL, NULL, NULL, '[]', NULL, '[{"key": "team", "value": ""}]', '2021-12-10 04:00:38.4+00', NULL, '{}', '[["cuda", "11.7"], ["python", "3.7"], ["pytorch", "2.1.0"], ["ubuntu", "22.04"]]');
INSERT INTO public.field_changes VALUES (6, 2, 'name', '"pytorch_2.1.0-cuda_11.7-py_3.7-euleros_2.10.11-x86_64"', '"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64"', 2);
INSERT INTO public.field_changes VALUES (6, 2, 'status', '"ERROR"', '"ACTIVE"', 2);
INSERT INTO public.field_changes VALUES (6, 2, 'arch', '"x86_64"', '"aarch64"', 2);
INSERT INTO public.field_changes VALUES (6, 2, 'size', '11760545872', '12326599756', 2);
INSERT INTO public.field_changes VALUES (6, 2, 'swr_path', '"swr.example.com/atelier/pytorch:2.1.0-1"', '"swr.example.com/atelier/pytorch:2.1.0-8"', 2);
INSERT INTO public.field_changes VALUES (6, 2, 'swr_tag', '"2.1.0-1"', '"2.1.0-8"', 2);
INSERT INTO public.field_changes VALUES (6, 2, 'dev_services', '["NOTEBOOK"]', '[]', 2);
INSERT INTO public.field_changes VALUES (6, 2, 'tags', '[{"key":"team","value":"a"}]', '[{"key":"team","value":""}]', 2);
INSERT INTO public.field_changes VALUES (6, 2, 'created_at', '"2021-12-06T13:37:37.853Z"', '"2021-12-06T02:53:08.862Z"', 2);
INSERT INTO public.field_changes VALUES (4, 2, 'status', '"ERROR"', '"ACTIVE"', 2);
INSERT INTO public.field_changes VALUES (4, 2, 'arch', 'null', '"aarch64"', 2);
INSERT INTO public.field_changes VALUES (4, 2, 'size', '4724465215', '5026611534', 2);
INSERT INTO public.field_changes VALUES (4, 2, 'swr_path', '"swr.example.com/atelier/pytorch:2.1.0-4"', '"swr.example.com/atelier/pytorch:2.1.0-8"', 2);
INSERT INTO public.field_changes VALUES (4, 2, 'swr_tag', '"2.1.0-4"', '"2.1.0-8"', 2);
INSERT INTO public.field_changes VALUES (4, 2, 'tags', '[{"key":"team","value":""}]', '[{"key":"team","value":"a"}]', 2);
INSERT INTO public.field_changes VALUES (4, 2, 'created_at', '"2021-12-11T05:22:01.249Z"', '"2021-12-09T16:04:07.419Z"', 2);
INSERT INTO public.field_changes VALUES (1, 2, 'name', '"pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_20.04-x86_64"', '"pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_22.04-x86_64"', 3);
INSERT INTO public.field_changes VALUES (1, 2, 'status', '"ACTIVE"', '"ERROR"', 3);
INSERT INTO public.field_changes VALUES (1, 2, 'size', '14815451299', '10069219529', 3);
INSERT INTO public.field_changes VALUES (1, 2, 'swr_path', '"swr.example.com/atelier/pytorch:1.8.1-6"', '"swr.example.com/atelier/pytorch:1.8.1-1"', 3);
INSERT INTO public.field_changes VALUES (1, 2, 'swr_tag', '"1.8.1-6"', '"1.8.1-1"', 3);
INSERT INTO public.field_changes VALUES (1, 2, 'created_at', '"2021-12-06T03:45:36.588Z"', '"2021-12-03T06:22:20.711Z"', 3);
INSERT INTO public.field_changes VALUES (2, 2, 'name', '"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64"', '"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64"', 3);
INSERT INTO public.field_changes VALUES (2, 2, 'arch', 'null', '"aarch64"', 3);
INSERT INTO public.field_changes VALUES (2, 2, 'size', '10502858029', '7714633184', 3);
INSERT INTO public.field_changes VALUES (2, 2, 'swr_path', '"swr.example.com/atelier/pytorch:2.1.0-3"', '"swr.example.com/atelier/pytorch:2.1.0-4"', 3);
INSERT INTO public.field_changes VALUES (2, 2, 'swr_tag', '"2.1.0-3"', '"2.1.0-4"', 3);
INSERT INTO public.field_changes VALUES (2, 2, 'dev_services', '["NOTEBOOK","SSH"]', '[]', 3);
INSERT INTO public.field_changes VALUES (2, 2, 'tags', '[{"key":"team","value":"a"}]', '[{"key":"team","value":""}]', 3);
INSERT INTO public.field_changes VALUES (2, 2, 'created_at', '"2021-11-30T08:54:32.676Z"', '"2021-12-11T06:37:57.246Z"', 3);
INSERT INTO public.field_changes VALUES (4, 3, 'name', '"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64"', '"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64"', 3);
INSERT INTO public.field_changes VALUES (4, 3, 'status', '"ACTIVE"', '"ERROR"', 3);
INSERT INTO public.field_changes VALUES (4, 3, 'arch', '"aarch64"', 'null', 3);
INSERT INTO public.field_changes VALUES (4, 3, 'size', '5026611534', '14149738735', 3);
INSERT INTO public.field_changes VALUES (4, 3, 'swr_path', '"swr.example.com/atelier/pytorch:2.1.0-8"', '"swr.example.com/atelier/pytorch:2.1.0-5"', 3);
INSERT INTO public.field_changes VALUES (4, 3, 'swr_tag', '"2.1.0-8"', '"2.1.0-5"', 3);
INSERT INTO public.field_changes VALUES (4, 3, 'dev_services', '[]', '["SSH"]', 3);
INSERT INTO public.field_changes VALUES (4, 3, 'created_at', '"2021-12-09T16:04:07.419Z"', '"2021-11-30T09:18:01.924Z"', 3);
INSERT INTO public.field_changes VALUES (3, 2, 'name', '"pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_18.04-x86_64"', '"pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_20.04-x86_64"', 3);
INSERT INTO public.field_changes VALUES (3, 2, 'size', '9591024697', '14402202874', 3);
INSERT INTO public.field_changes VALUES (3, 2, 'swr_path', '"swr.example.com/atelier/pytorch:1.8.1-3"', '"swr.example.com/atelier/pytorch:1.8.1-4"', 3);
INSERT INTO public.field_changes VALUES (3, 2, 'swr_tag', '"1.8.1-3"', '"1.8.1-4"', 3);
INSERT INTO public.field_changes VALUES (3, 2, 'tags', '[{"key":"team","value":""}]', '[{"key":"team","value":"a"}]', 3);
INSERT INTO public.field_changes VALUES (3, 2, 'created_at', '"2021-12-11T14:35:33.410Z"', '"2021-12-06T12:57:11.058Z"', 3);
INSERT INTO public.field_changes VALUES (4, 4, 'name', '"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64"', '"pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_18.04-x86_64"', 4);
INSERT INTO public.field_changes VALUES (4, 4, 'arch', 'null', '"aarch64"', 4);
INSERT INTO public.field_changes VALUES (4, 4, 'tag', '"2.1.0"', '"1.8.1"', 4);
INSERT INTO public.field_changes VALUES (4, 4, 'size', '14149738735', '2185596104', 4);
INSERT INTO public.field_changes VALUES (4, 4, 'swr_path', '"swr.example.com/atelier/pytorch:2.1.0-5"', '"swr.example.com/atelier/pytorch:1.8.1-6"', 4);
INSERT INTO public.field_changes VALUES (4, 4, 'swr_tag', '"2.1.0-5"', '"1.8.1-6"', 4);
INSERT INTO public.field_changes VALUES (4, 4, 'dev_services', '["SSH"]', '[]', 4);
INSERT INTO public.field_changes VALUES (4, 4, 'tags', '[{"key":"team","value":"a"}]', '[{"key":"team","value":""}]', 4);
INSERT INTO public.field_changes VALUES (4, 4, 'created_at', '"2021-11-30T09:18:01.924Z"', '"2021-12-01T07:47:12.167Z"', 4);
INSERT INTO public.field_changes VALUES (8, 2, 'name', '"pytorch_1.8.1-cuda_11.7-py_3.7-euleros_2.10.11-x86_64"', '"pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_20.04-x86_64"', 4);
INSERT INTO public.field_changes VALUES (8, 2, 'arch', '"x86_64"', 'null', 4);
INSERT INTO public.field_changes VALUES (8, 2, 'size', '6001423821', '15594802318', 4);
INSERT INTO public.field_changes VALUES (8, 2, 'tags', '[{"key":"team","value":""}]', '[{"key":"team","value":"a"}]', 4);
INSERT INTO public.field_changes VALUES (8, 2, 'created_at', '"2021-12-06T20:42:53.983Z"', '"2021-12-10T23:23:22.235Z"', 4);
INSERT INTO public.field_changes VALUES (1, 3, 'name', '"pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_22.04-x86_64"', '"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64"', 6);
INSERT INTO public.field_changes VALUES (1, 3, 'status', '"ERROR"', '"ACTIVE"', 6);
INSERT INTO public.field_changes VALUES (1, 3, 'arch', '"x86_64"', 'null', 6);
INSERT INTO public.field_changes VALUES (1, 3, 'tag', '"1.8.1"', '"2.1.0"', 6);
INSERT INTO public.field_changes VALUES (1, 3, 'size', '10069219529', '9686402048', 6);
INSERT INTO public.field_changes VALUES (1, 3, 'swr_path', '"swr.example.com/atelier/pytorch:1.8.1-1"', '"swr.example.com/atelier/pytorch:2.1.0-5"', 6);
INSERT INTO public.field_changes VALUES (1, 3, 'swr_tag', '"1.8.1-1"', '"2.1.0-5"', 6);
INSERT INTO public.field_changes VALUES (1, 3, 'dev_services', '[]', '["NOTEBOOK"]', 6);
INSERT INTO public.field_changes VALUES (1, 3, 'tags', '[{"key":"team","value":"a"}]', '[{"key":"team","value":""}]', 6);
INSERT INTO public.field_changes VALUES (1, 3, 'created_at', '"2021-12-03T06:22:20.711Z"', '"2021-12-03T00:23:57.303Z"', 6);
INSERT INTO public.field_changes VALUES (9, 2, 'name', '"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64"', '"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64"', 6);
INSERT INTO public.field_changes VALUES (9, 2, 'status', '"ACTIVE"', '"ERROR"', 6);
INSERT INTO public.field_changes VALUES (9, 2, 'arch', 'null', '"x86_64"', 6);
INSERT INTO public.field_changes VALUES (9, 2, 'size', '10265231868', '173518645', 6);
INSERT INTO public.field_changes VALUES (9, 2, 'swr_path', '"swr.example.com/atelier/pytorch:2.1.0-8"', '"swr.example.com/atelier/pytorch:2.1.0-2"', 6);
INSERT INTO public.field_changes VALUES (9, 2, 'swr_tag', '"2.1.0-8"', '"2.1.0-2"', 6);
INSERT INTO public.field_changes VALUES (9, 2, 'dev_services', '["NOTEBOOK"]', '[]', 6);
INSERT INTO public.field_changes VALUES (9, 2, 'tags', '[{"key":"team","value":""}]', '[{"key":"team","value":"a"}]', 6);
INSERT INTO public.field_changes VALUES (9, 2, 'created_at', '"2021-12-07T16:49:32.309Z"', '"2021-12-11T09:57:50.178Z"', 6);
INSERT INTO public.field_changes VALUES (9, 3, 'name', '"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64"', '"pytorch_2.1.0-cuda_11.7-py_3.7-euleros_2.10.11-x86_64"', 7);
INSERT INTO public.field_changes VALUES (9, 3, 'status', '"ERROR"', '"ACTIVE"', 7);
INSERT INTO public.field_changes VALUES (9, 3, 'size', '173518645', '12145171762', 7);
INSERT INTO public.field_changes VALUES (9, 3, 'swr_path', '"swr.example.com/atelier/pytorch:2.1.0-2"', '"swr.example.com/atelier/pytorch:2.1.0-0"', 7);
INSERT INTO public.field_changes VALUES (9, 3, 'swr_tag', '"2.1.0-2"', '"2.1.0-0"', 7);
INSERT INTO public.field_changes VALUES (9, 3, 'dev_services', '[]', '["NOTEBOOK","SSH"]', 7);
INSERT INTO public.field_changes VALUES (9, 3, 'tags', '[{"key":"team","value":"a"}]', '[{"key":"team","value":""}]', 7);
INSERT INTO public.field_changes VALUES (9, 3, 'created_at', '"2021-12-11T09:57:50.178Z"', '"2021-12-01T12:34:54.859Z"', 7);
INSERT INTO public.field_changes VALUES (5, 2, 'name', '"pytorch_1.8.1-cuda_11.7-py_3.7-euleros_2.10.11-x86_64"', '"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64"', 7);
INSERT INTO public.field_changes VALUES (5, 2, 'arch', '"aarch64"', '"x86_64"', 7);
INSERT INTO public.field_changes VALUES (5, 2, 'tag', '"1.8.1"', '"2.1.0"', 7);
INSERT INTO public.field_changes VALUES (5, 2, 'size', '16675120324', '12624147710', 7);
INSERT INTO public.field_changes VALUES (5, 2, 'swr_path', '"swr.example.com/atelier/pytorch:1.8.1-8"', '"swr.example.com/atelier/pytorch:2.1.0-2"', 7);
INSERT INTO public.field_changes VALUES (5, 2, 'swr_tag', '"1.8.1-8"', '"2.1.0-2"', 7);
INSERT INTO public.field_changes VALUES (5, 2, 'dev_services', '["NOTEBOOK"]', '["SSH"]', 7);
INSERT INTO public.field_changes VALUES (5, 2, 'tags', '[{"key":"team","value":""}]', '[{"key":"team","value":"a"}]', 7);
INSERT INTO public.field_changes VALUES (5, 2, 'created_at', '"2021-12-03T02:39:04.548Z"', '"2021-11-30T04:46:50.100Z"', 7);
INSERT INTO public.field_changes VALUES (8, 3, 'name', '"pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_20.04-x86_64"', '"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64"', 8);
INSERT INTO public.field_changes VALUES (8, 3, 'status', '"ACTIVE"', '"ERROR"', 8);
INSERT INTO public.field_changes VALUES (8, 3, 'arch', 'null', '"aarch64"', 8);
INSERT INTO public.field_changes VALUES (8, 3, 'tag', '"1.8.1"', '"2.1.0"', 8);
INSERT INTO public.field_changes VALUES (8, 3, 'size', '15594802318', '9645844276', 8);
INSERT INTO public.field_changes VALUES (8, 3, 'swr_path', '"swr.example.com/atelier/pytorch:1.8.1-0"', '"swr.example.com/atelier/pytorch:2.1.0-1"', 8);
INSERT INTO public.field_changes VALUES (8, 3, 'swr_tag', '"1.8.1-0"', '"2.1.0-1"', 8);
INSERT INTO public.field_changes VALUES (8, 3, 'created_at', '"2021-12-10T23:23:22.235Z"', '"2021-11-30T08:19:40.937Z"', 8);
INSERT INTO public.field_changes VALUES (9, 4, 'name', '"pytorch_2.1.0-cuda_11.7-py_3.7-euleros_2.10.11-x86_64"', '"pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_22.04-x86_64"', 8);
INSERT INTO public.field_changes VALUES (9, 4, 'tag', '"2.1.0"', '"1.8.1"', 8);
INSERT INTO public.field_changes VALUES (9, 4, 'size', '12145171762', '11353600353', 8);
INSERT INTO public.field_changes VALUES (9, 4, 'swr_path', '"swr.example.com/atelier/pytorch:2.1.0-0"', '"swr.example.com/atelier/pytorch:1.8.1-3"', 8);
INSERT INTO public.field_changes VALUES (9, 4, 'swr_tag', '"2.1.0-0"', '"1.8.1-3"', 8);
INSERT INTO public.field_changes VALUES (9, 4, 'dev_services', '["NOTEBOOK","SSH"]', '["SSH"]', 8);
INSERT INTO public.field_changes VALUES (9, 4, 'tags', '[{"key":"team","value":""}]', '[{"key":"team","value":"a"}]', 8);
INSERT INTO public.field_changes VALUES (9, 4, 'created_at', '"2021-12-01T12:34:54.859Z"', '"2021-12-04T03:51:17.286Z"', 8);
INSERT INTO public.field_changes VALUES (9, 5, 'name', '"pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_22.04-x86_64"', '"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64"', 9);
INSERT INTO public.field_changes VALUES (9, 5, 'arch', '"x86_64"', 'null', 9);
INSERT INTO public.field_changes VALUES (9, 5, 'tag', '"1.8.1"', '"2.1.0"', 9);
INSERT INTO public.field_changes VALUES (9, 5, 'size', '11353600353', '17022612736', 9);
INSERT INTO public.field_changes VALUES (9, 5, 'swr_path', '"swr.example.com/atelier/pytorch:1.8.1-3"', '"swr.example.com/atelier/pytorch:2.1.0-6"', 9);
INSERT INTO public.field_changes VALUES (9, 5, 'swr_tag', '"1.8.1-3"', '"2.1.0-6"', 9);
INSERT INTO public.field_changes VALUES (9, 5, 'dev_services', '["SSH"]', '["NOTEBOOK","SSH"]', 9);
INSERT INTO public.field_changes VALUES (9, 5, 'tags', '[{"key":"team","value":"a"}]', '[{"key":"team","value":""}]', 9);
INSERT INTO public.field_changes VALUES (9, 5, 'created_at', '"2021-12-04T03:51:17.286Z"', '"2021-11-30T05:29:32.338Z"', 9);
INSERT INTO public.field_changes VALUES (3, 3, 'name', '"pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_20.04-x86_64"', '"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64"', 9);
INSERT INTO public.field_changes VALUES (3, 3, 'arch', 'null', '"x86_64"', 9);
INSERT INTO public.field_changes VALUES (3, 3, 'tag', '"1.8.1"', '"2.1.0"', 9);
INSERT INTO public.field_changes VALUES (3, 3, 'size', '14402202874', '7256756058', 9);
INSERT INTO public.field_changes VALUES (3, 3, 'swr_path', '"swr.example.com/atelier/pytorch:1.8.1-4"', '"swr.example.com/atelier/pytorch:2.1.0-2"', 9);
INSERT INTO public.field_changes VALUES (3, 3, 'swr_tag', '"1.8.1-4"', '"2.1.0-2"', 9);
INSERT INTO public.field_changes VALUES (3, 3, 'dev_services', '["NOTEBOOK","SSH"]', '["SSH"]', 9);
INSERT INTO public.field_changes VALUES (3, 3, 'created_at', '"2021-12-06T12:57:11.058Z"', '"2021-11-30T16:44:04.104Z"', 9);
INSERT INTO public.field_changes VALUES (5, 3, 'name', '"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64"', '"pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_22.04-x86_64"', 9);
INSERT INTO public.field_changes VALUES (5, 3, 'status', '"ACTIVE"', '"ERROR"', 9);
INSERT INTO public.field_changes VALUES (5, 3, 'arch', '"x86_64"', 'null', 9);
INSERT INTO public.field_changes VALUES (5, 3, 'tag', '"2.1.0"', '"1.8.1"', 9);
INSERT INTO public.field_changes VALUES (5, 3, 'size', '12624147710', '5039036505', 9);
INSERT INTO public.field_changes VALUES (5, 3, 'swr_path', '"swr.example.com/atelier/pytorch:2.1.0-2"', '"swr.example.com/atelier/pytorch:1.8.1-2"', 9);
INSERT INTO public.field_changes VALUES (5, 3, 'swr_tag', '"2.1.0-2"', '"1.8.1-2"', 9);
INSERT INTO public.field_changes VALUES (5, 3, 'dev_services', '["SSH"]', '[]', 9);
INSERT INTO public.field_changes VALUES (5, 3, 'tags', '[{"key":"team","value":"a"}]', '[{"key":"team","value":""}]', 9);
INSERT INTO public.field_changes VALUES (5, 3, 'created_at', '"2021-11-30T04:46:50.100Z"', '"2021-12-03T21:24:24.559Z"', 9);
INSERT INTO public.field_changes VALUES (5, 4, 'name', '"pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_22.04-x86_64"', '"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64"', 10);
INSERT INTO public.field_changes VALUES (5, 4, 'tag', '"1.8.1"', '"2.1.0"', 10);
INSERT INTO public.field_changes VALUES (5, 4, 'size', '5039036505', '7436400655', 10);
INSERT INTO public.field_changes VALUES (5, 4, 'swr_path', '"swr.example.com/atelier/pytorch:1.8.1-2"', '"swr.example.com/atelier/pytorch:2.1.0-3"', 10);
INSERT INTO public.field_changes VALUES (5, 4, 'swr_tag', '"1.8.1-2"', '"2.1.0-3"', 10);
INSERT INTO public.field_changes VALUES (5, 4, 'dev_services', '[]', '["SSH"]', 10);
INSERT INTO public.field_changes VALUES (5, 4, 'created_at', '"2021-12-03T21:24:24.559Z"', '"2021-12-02T21:22:43.067Z"', 10);
INSERT INTO public.field_changes VALUES (13, 2, 'name', '"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64"', '"pytorch_2.1.0-cuda_11.7-py_3.7-euleros_2.10.11-x86_64"', 10);
INSERT INTO public.field_changes VALUES (13, 2, 'arch', '"x86_64"', 'null', 10);
INSERT INTO public.field_changes VALUES (13, 2, 'size', '3131758161', '7071299328', 10);
INSERT INTO public.field_changes VALUES (13, 2, 'dev_services', '["NOTEBOOK","SSH"]', '[]', 10);
INSERT INTO public.field_changes VALUES (13, 2, 'created_at', '"2021-12-06T05:22:19.506Z"', '"2021-12-02T01:48:51.663Z"', 10);
INSERT INTO public.field_changes VALUES (7, 2, 'name', '"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64"', '"pytorch_1.8.1-cuda_11.7-py_3.7-euleros_2.10.11-x86_64"', 10);
INSERT INTO public.field_changes VALUES (7, 2, 'status', '"ACTIVE"', '"ERROR"', 10);
INSERT INTO public.field_changes VALUES (7, 2, 'tag', '"2.1.0"', '"1.8.1"', 10);
INSERT INTO public.field_changes VALUES (7, 2, 'size', '6805207633', '3308212158', 10);
INSERT INTO public.field_changes VALUES (7, 2, 'swr_path', '"swr.example.com/atelier/pytorch:2.1.0-1"', '"swr.example.com/atelier/pytorch:1.8.1-5"', 10);
INSERT INTO public.field_changes VALUES (7, 2, 'swr_tag', '"2.1.0-1"', '"1.8.1-5"', 10);
INSERT INTO public.field_changes VALUES (7, 2, 'dev_services', '["NOTEBOOK","SSH"]', '[]', 10);
INSERT INTO public.field_changes VALUES (7, 2, 'tags', '[{"key":"team","value":"a"}]', '[{"key":"team","value":""}]', 10);
INSERT INTO public.field_changes VALUES (7, 2, 'created_at', '"2021-12-01T03:04:36.464Z"', '"2021-12-01T00:04:55.326Z"', 10);
INSERT INTO public.field_changes VALUES (9, 6, 'name', '"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64"', '"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64"', 12);
INSERT INTO public.field_changes VALUES (9, 6, 'status', '"ACTIVE"', '"ERROR"', 12);
INSERT INTO public.field_changes VALUES (9, 6, 'arch', 'null', '"x86_64"', 12);
INSERT INTO public.field_changes VALUES (9, 6, 'size', '17022612736', '3008228468', 12);
INSERT INTO public.field_changes VALUES (9, 6, 'swr_path', '"swr.example.com/atelier/pytorch:2.1.0-6"', '"swr.example.com/atelier/pytorch:2.1.0-7"', 12);
INSERT INTO public.field_changes VALUES (9, 6, 'swr_tag', '"2.1.0-6"', '"2.1.0-7"', 12);
INSERT INTO public.field_changes VALUES (9, 6, 'dev_services', '["NOTEBOOK","SSH"]', '[]', 12);
INSERT INTO public.field_changes VALUES (9, 6, 'created_at', '"2021-11-30T05:29:32.338Z"', '"2021-12-10T01:40:09.428Z"', 12);
INSERT INTO public.field_changes VALUES (3, 4, 'name', '"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64"', '"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64"', 12);
INSERT INTO public.field_changes VALUES (3, 4, 'status', '"ACTIVE"', '"ERROR"', 12);
INSERT INTO public.field_changes VALUES (3, 4, 'size', '7256756058', '4270533497', 12);
INSERT INTO public.field_changes VALUES (3, 4, 'swr_path', '"swr.example.com/atelier/pytorch:2.1.0-2"', '"swr.example.com/atelier/pytorch:2.1.0-8"', 12);
INSERT INTO public.field_changes VALUES (3, 4, 'swr_tag', '"2.1.0-2"', '"2.1.0-8"', 12);
INSERT INTO public.field_changes VALUES (3, 4, 'dev_services', '["SSH"]', '[]', 12);
INSERT INTO public.field_changes VALUES (3, 4, 'tags', '[{"key":"team","value":"a"}]', '[{"key":"team","value":""}]', 12);
INSERT INTO public.field_changes VALUES (3, 4, 'created_at', '"2021-11-30T16:44:04.104Z"', '"2021-12-07T21:41:35.933Z"', 12);
INSERT INTO public.field_changes VALUES (14, 2, 'name', '"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64"', '"pytorch_2.1.0-cuda_11.7-py_3.7-euleros_2.10.11-x86_64"', 12);
INSERT INTO public.field_changes VALUES (14, 2, 'arch', 'null', '"aarch64"', 12);
INSERT INTO public.field_changes VALUES (14, 2, 'size', '16890557772', '6176716821', 12);
INSERT INTO public.field_changes VALUES (14, 2, 'swr_path', '"swr.example.com/atelier/pytorch:2.1.0-0"', '"swr.example.com/atelier/pytorch:2.1.0-7"', 12);
INSERT INTO public.field_changes VALUES (14, 2, 'swr_tag', '"2.1.0-0"', '"2.1.0-7"', 12);
INSERT INTO public.field_changes VALUES (14, 2, 'tags', '[{"key":"team","value":""}]', '[{"key":"team","value":"a"}]', 12);
INSERT INTO public.field_changes VALUES (14, 2, 'created_at', '"2021-12-07T07:15:50.524Z"', '"2021-12-05T10:52:46.930Z"', 12);
INSERT INTO public.field_changes VALUES (12, 2, 'arch', '"aarch64"', 'null', 12);
INSERT INTO public.field_changes VALUES (12, 2, 'size', '1711781397', '9482587310', 12);
INSERT INTO public.field_changes VALUES (12, 2, 'swr_path', '"swr.example.com/atelier/pytorch:2.1.0-1"', '"swr.example.com/atelier/pytorch:2.1.0-3"', 12);
INSERT INTO public.field_changes VALUES (12, 2, 'swr_tag', '"2.1.0-1"', '"2.1.0-3"', 12);
INSERT INTO public.field_changes VALUES (12, 2, 'dev_services', '["SSH"]', '[]', 12);
INSERT INTO public.field_changes VALUES (12, 2, 'tags', '[{"key":"team","value":"a"}]', '[{"key":"team","value":""}]', 12);
INSERT INTO public.field_changes VALUES (12, 2, 'created_at', '"2021-12-03T04:50:07.404Z"', '"2021-12-01T02:31:13.535Z"', 12);
INSERT INTO public.field_changes VALUES (5, 5, 'name', '"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64"', '"pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_18.04-x86_64"', 13);
INSERT INTO public.field_changes VALUES (5, 5, 'status', '"ERROR"', '"ACTIVE"', 13);
INSERT INTO public.field_changes VALUES (5, 5, 'tag', '"2.1.0"', '"1.8.1"', 13);
INSERT INTO public.field_changes VALUES (5, 5, 'size', '7436400655', '3209479749', 13);
INSERT INTO public.field_changes VALUES (5, 5, 'swr_path', '"swr.example.com/atelier/pytorch:2.1.0-3"', '"swr.example.com/atelier/pytorch:1.8.1-8"', 13);
INSERT INTO public.field_changes VALUES (5, 5, 'swr_tag', '"2.1.0-3"', '"1.8.1-8"', 13);
INSERT INTO public.field_changes VALUES (5, 5, 'dev_services', '["SSH"]', '["NOTEBOOK"]', 13);
INSERT INTO public.field_changes VALUES (5, 5, 'tags', '[{"key":"team","value":""}]', '[{"key":"team","value":"a"}]', 13);
INSERT INTO public.field_changes VALUES (5, 5, 'created_at', '"2021-12-02T21:22:43.067Z"', '"2021-12-06T07:29:34.269Z"', 13);
INSERT INTO public.field_changes VALUES (16, 2, 'name', '"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64"', '"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64"', 13);
INSERT INTO public.field_changes VALUES (16, 2, 'arch', '"x86_64"', 'null', 13);
INSERT INTO public.field_changes VALUES (16, 2, 'size', '2402493571', '9450848988', 13);
INSERT INTO public.field_changes VALUES (16, 2, 'swr_path', '"swr.example.com/atelier/pytorch:2.1.0-3"', '"swr.example.com/atelier/pytorch:2.1.0-4"', 13);
INSERT INTO public.field_changes VALUES (16, 2, 'swr_tag', '"2.1.0-3"', '"2.1.0-4"', 13);
INSERT INTO public.field_changes VALUES (16, 2, 'created_at', '"2021-12-07T21:25:06.034Z"', '"2021-12-06T20:54:58.593Z"', 13);
INSERT INTO public.field_changes VALUES (7, 3, 'name', '"pytorch_1.8.1-cuda_11.7-py_3.7-euleros_2.10.11-x86_64"', '"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64"', 13);
INSERT INTO public.field_changes VALUES (7, 3, 'status', '"ERROR"', '"ACTIVE"', 13);
INSERT INTO public.field_changes VALUES (7, 3, 'arch', 'null', '"x86_64"', 13);
INSERT INTO public.field_changes VALUES (7, 3, 'tag', '"1.8.1"', '"2.1.0"', 13);
INSERT INTO public.field_changes VALUES (7, 3, 'size', '3308212158', '7598086561', 13);
INSERT INTO public.field_changes VALUES (7, 3, 'swr_path', '"swr.example.com/atelier/pytorch:1.8.1-5"', '"swr.example.com/atelier/pytorch:2.1.0-6"', 13);
INSERT INTO public.field_changes VALUES (7, 3, 'swr_tag', '"1.8.1-5"', '"2.1.0-6"', 13);
INSERT INTO public.field_changes VALUES (7, 3, 'created_at', '"2021-12-01T00:04:55.326Z"', '"2021-12-10T04:00:38.400Z"', 13);
INSERT INTO public.field_changes VALUES (14, 3, 'name', '"pytorch_2.1.0-cuda_11.7-py_3.7-euleros_2.10.11-x86_64"', '"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64"', 14);
INSERT INTO public.field_changes VALUES (14, 3, 'status', '"ACTIVE"', '"ERROR"', 14);
INSERT INTO public.field_changes VALUES (14, 3, 'size', '6176716821', '17052362945', 14);
INSERT INTO public.field_changes VALUES (14, 3, 'swr_path', '"swr.example.com/atelier/pytorch:2.1.0-7"', '"swr.example.com/atelier/pytorch:2.1.0-5"', 14);
INSERT INTO public.field_changes VALUES (14, 3, 'swr_tag', '"2.1.0-7"', '"2.1.0-5"', 14);
INSERT INTO public.field_changes VALUES (14, 3, 'dev_services', '[]', '["NOTEBOOK","SSH"]', 14);
INSERT INTO public.field_changes VALUES (14, 3, 'created_at', '"2021-12-05T10:52:46.930Z"', '"2021-12-08T01:14:40.865Z"', 14);
INSERT INTO public.field_changes VALUES (17, 2, 'name', '"pytorch_2.1.0-cuda_11.7-py_3.7-euleros_2.10.11-x86_64"', '"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64"', 14);
INSERT INTO public.field_changes VALUES (17, 2, 'arch', '"aarch64"', 'null', 14);
INSERT INTO public.field_changes VALUES (17, 2, 'size', '3628045', '13616389895', 14);
INSERT INTO public.field_changes VALUES (17, 2, 'swr_path', '"swr.example.com/atelier/pytorch:2.1.0-7"', '"swr.example.com/atelier/pytorch:2.1.0-8"', 14);
INSERT INTO public.field_changes VALUES (17, 2, 'swr_tag', '"2.1.0-7"', '"2.1.0-8"', 14);
INSERT INTO public.field_changes VALUES (17, 2, 'dev_services', '["NOTEBOOK","SSH"]', '[]', 14);
INSERT INTO public.field_changes VALUES (17, 2, 'created_at', '"2021-12-06T19:06:08.460Z"', '"2021-12-06T15:11:37.452Z"', 14);
INSERT INTO public.field_changes VALUES (16, 3, 'name', '"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64"', '"pytorch_1.8.1-cuda_11.7-py_3.7-euleros_2.10.11-x86_64"', 14);
INSERT INTO public.field_changes VALUES (16, 3, 'status', '"ACTIVE"', '"ERROR"', 14);
INSERT INTO public.field_changes VALUES (16, 3, 'arch', 'null', '"aarch64"', 14);
INSERT INTO public.field_changes VALUES (16, 3, 'tag', '"2.1.0"', '"1.8.1"', 14);
INSERT INTO public.field_changes VALUES (16, 3, 'size', '9450848988', '5937301158', 14);
INSERT INTO public.field_changes VALUES (16, 3, 'swr_path', '"swr.example.com/atelier/pytorch:2.1.0-4"', '"swr.example.com/atelier/pytorch:1.8.1-8"', 14);
INSERT INTO public.field_changes VALUES (16, 3, 'swr_tag', '"2.1.0-4"', '"1.8.1-8"', 14);
INSERT INTO public.field_changes VALUES (16, 3, 'dev_services', '["NOTEBOOK","SSH"]', '[]', 14);
INSERT INTO public.field_changes VALUES (16, 3, 'tags', '[{"key":"team","value":"a"}]', '[{"key":"team","value":""}]', 14);
INSERT INTO public.field_changes VALUES (16, 3, 'created_at', '"2021-12-06T20:54:58.593Z"', '"2021-12-07T23:48:22.806Z"', 14);
INSERT INTO public.held_removals VALUES ('sample', '00000000000000000000000000000001', 4, '2026-09-01 10:00:02+00', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64', 'max_percent', 'lookup_not_found', '{"status":404}', 6, '2026-09-01 12:00:02+00', 'withdrawn');
INSERT INTO public.held_removals VALUES ('sample', '00000000000000000000000000000004', 4, '2026-09-01 10:00:02+00', 'pytorch_1.8.1-cuda_11.7-py_3.7-euleros_2.10.11-x86_64', 'max_percent', 'lookup_not_found', '{"status":404}', 6, '2026-09-01 12:00:02+00', 'withdrawn');
INSERT INTO public.held_removals VALUES ('sample', '00000000000000000000000000000005', 4, '2026-09-01 10:00:02+00', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64', 'max_percent', 'lookup_not_found', '{"status":404}', 6, '2026-09-01 12:00:02+00', 'withdrawn');
INSERT INTO public.held_removals VALUES ('sample', '00000000000000000000000000000003', 10, '2026-09-01 16:00:02+00', 'pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_18.04-x86_64', 'max_percent', 'lookup_not_found', '{"status":404}', 12, '2026-09-01 18:00:02+00', 'withdrawn');
INSERT INTO public.held_removals VALUES ('sample', '00000000000000000000000000000005', 10, '2026-09-01 16:00:02+00', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64', 'max_percent', 'lookup_not_found', '{"status":404}', 12, '2026-09-01 18:00:02+00', 'withdrawn');
INSERT INTO public.held_removals VALUES ('sample', '00000002fa1b1bf13879399bd50e0097', 10, '2026-09-01 16:00:02+00', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64', 'max_percent', 'lookup_not_found', '{"status":404}', 12, '2026-09-01 18:00:02+00', 'withdrawn');
INSERT INTO public.held_removals VALUES ('sample', '000000044ba955f3e40961505d698c8b', 10, '2026-09-01 16:00:02+00', 'pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_22.04-x86_64', 'max_percent', 'lookup_not_found', '{"status":404}', 12, '2026-09-01 18:00:02+00', 'withdrawn');
INSERT INTO public.held_removals VALUES ('sample', '000000059e289761c8fea5d73716e7ea', 10, '2026-09-01 16:00:02+00', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64', 'max_percent', 'lookup_not_found', '{"status":404}', 12, '2026-09-01 18:00:02+00', 'withdrawn');
INSERT INTO public.image_removals VALUES ('sample', '00000000000000000000000000000002', 'pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_18.04-x86_64', 'swr.example.com/atelier/pytorch:1.8.1-3', 1, 2, '2026-09-01 08:00:02+00', '2026-09-01 07:00:02+00', '2026-09-01 08:00:02+00', 'lookup_not_found', '{"error_code":"ModelArts.6404","request_id":"r-1","status":404}', '2026-09-01 09:00:02+00', 3);
INSERT INTO public.image_removals VALUES ('sample', 'dddddddddddddddddddddddddddddddd', 'pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_22.04-x86_64', 'swr.example.com/atelier/pytorch:1.8.1-2', 1, 4, '2026-09-01 10:00:02+00', '2026-09-01 10:00:02+00', NULL, 'listed_deleted', '{}', NULL, NULL);
INSERT INTO public.image_removals VALUES ('sample', '00000000000000000000000000000000', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64', 'swr.example.com/atelier/pytorch:2.1.0-5', 3, 7, '2026-09-01 13:00:02+00', '2026-09-01 12:00:02+00', '2026-09-01 13:00:02+00', 'lookup_not_found', '{"error_code":"ModelArts.6404","request_id":"r-1","status":404}', NULL, NULL);
INSERT INTO public.image_removals VALUES ('sample', '000000059e289761c8fea5d73716e7ea', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64', 'swr.example.com/atelier/pytorch:2.1.0-3', 2, 13, '2026-09-01 19:00:02+00', '2026-09-01 18:00:02+00', '2026-09-01 19:00:02+00', 'lookup_not_found', '{"error_code":"ModelArts.6404","request_id":"r-1","status":404}', NULL, NULL);
INSERT INTO public.image_removals VALUES ('sample', '0000000173f7ba8e0445d656de3a5db5', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64', 'swr.example.com/atelier/pytorch:2.1.0-6', 3, 14, '2026-09-01 20:00:02+00', '2026-09-01 19:00:02+00', '2026-09-01 20:00:02+00', 'lookup_not_found', '{"error_code":"ModelArts.6404","request_id":"r-1","status":404}', NULL, NULL);
INSERT INTO public.rejects VALUES (1, 3, 'sample', 'bad-2', 'BUILD_IN/0', 0, 6, 'size: Expected `int | null`, got `str`', '{"id": "bad-2", "size": "big"}', 30, 'c1f9a7d89b76a1a8fb1fadeb49c7e39e', '2026-09-01 09:00:02+00', NULL);
INSERT INTO public.rejects VALUES (2, 3, 'sample', NULL, 'BUILD_IN/0', 0, 7, 'id: Expected `str`, got `int`', '{"id": 7}', 9, 'dc3af1cc7aa6cc02f9cd5a0f40458422', '2026-09-01 09:00:02+00', NULL);
INSERT INTO public.rejects VALUES (3, 8, 'sample', 'bad-6', 'BUILD_IN/0', 0, 7, 'size: Expected `int | null`, got `str`', '{"id": "bad-6", "size": "big"}', 30, '7f8f70a231effc2ba543a99358cc6b13', '2026-09-01 14:00:02+00', NULL);
INSERT INTO public.rejects VALUES (4, 13, 'sample', 'bad-10', 'BUILD_IN/0', 0, 7, 'size: Expected `int | null`, got `str`', '{"id": "bad-10", "size": "big"}', 31, '05e409fc38366e04644481287959b9d8', '2026-09-01 19:00:02+00', NULL);
INSERT INTO public.source_runs VALUES (1, 'sample', 'succeeded', '2026-09-01 07:00:02+00', 'exact', 1, 1, 0, 0, 0, 6, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, '{}', '', NULL, NULL, NULL, '50d0c2bcdee2017a7ac65140dae1d99fe5c67dc091171a70b0bbfc9df6efc682', 'c5e0e5daf85e1e68d1eff624b9ec11bd9c308159ad570808082fede1b4a604ff', NULL);
INSERT INTO public.source_runs VALUES (2, 'sample', 'succeeded', '2026-09-01 08:00:02+00', 'exact', 1, 1, 0, 0, 0, 6, 1, 2, 3, 1, 0, 0, 0, 0, 0, 0, 6, '{}', '', NULL, NULL, NULL, '34b90e4391fa2e9917b008e6a64dfb1f2ea33bdcbf426a5c8f12607933f3162f', '1e89623325e845c64c016d831f98ce36fe6e08db8dc4c41fbda86e2e328a9ae1', 'c5e0e5daf85e1e68d1eff624b9ec11bd9c308159ad570808082fede1b4a604ff');
INSERT INTO public.source_runs VALUES (3, 'sample', 'partial', '2026-09-01 09:00:02+00', 'exact', 1, 1, 0, 0, 0, 7, 1, 3, 1, 0, 1, 0, 0, 0, 2, 2, 8, '{}', '', NULL, NULL, NULL, 'ec5252159e643e17003c75c4c548e5ad2db2d1d3993430000647fee5ded8a53d', '81f9b352746ebfe3bad80a89a58c0c47a3430bec9d9be37b8bf1a05a6b188232', '1e89623325e845c64c016d831f98ce36fe6e08db8dc4c41fbda86e2e328a9ae1');
INSERT INTO public.source_runs VALUES (4, 'sample', 'held', '2026-09-01 10:00:02+00', 'exact', 1, 1, 0, 0, 0, 7, 2, 2, 3, 1, 0, 0, 0, 3, 0, 0, 9, '{}', '', NULL, NULL, NULL, 'c7bca45f39d9dfb334984395ee8aa939938130257d92aa0878eaeca298082bba', '353434de7d45be5140425e71ea794b053275c8112f8c6d739ec4ff3306a8bf30', '81f9b352746ebfe3bad80a89a58c0c47a3430bec9d9be37b8bf1a05a6b188232');
INSERT INTO public.source_runs VALUES (5, 'sample', 'failed', '2026-09-01 11:00:02+00', 'none', 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, '{}', '', 'unavailable', 'GET /v1/images: timed out', 'r-2', 'c7bca45f39d9dfb334984395ee8aa939938130257d92aa0878eaeca298082bba', '8d12a33ea872fd87474f447409c1b98a518ef885ea74b27c5bb6472b1ba83a25', '353434de7d45be5140425e71ea794b053275c8112f8c6d739ec4ff3306a8bf30');
INSERT INTO public.source_runs VALUES (6, 'sample', 'succeeded', '2026-09-01 12:00:02+00', 'exact', 1, 1, 0, 0, 0, 7, 1, 2, 3, 0, 0, 0, 4, 0, 0, 0, 6, '{}', '', NULL, NULL, NULL, '683300b30af04dd1aef5f3694aa76f705b6bc1662443ec1a531cd0b4c87eeaf7', 'bc1e36e5547b72b0885b44afa5db3c82aead57d00b43081f826c1c1226ba3a35', '8d12a33ea872fd87474f447409c1b98a518ef885ea74b27c5bb6472b1ba83a25');
INSERT INTO public.source_runs VALUES (7, 'sample', 'succeeded', '2026-09-01 13:00:02+00', 'exact', 1, 1, 0, 0, 0, 7, 1, 1, 4, 1, 0, 1, 0, 0, 0, 0, 7, '{}', '', NULL, NULL, NULL, 'aa4dec5a604aede31f05217cb2dab7859ed3503cc4f20beea722d14d704eaff3', '53dbcbd37413b7154dec6648da469aeecb7a1390aef761482c912e3df6d23c2d', 'bc1e36e5547b72b0885b44afa5db3c82aead57d00b43081f826c1c1226ba3a35');
INSERT INTO public.source_runs VALUES (8, 'sample', 'partial', '2026-09-01 14:00:02+00', 'none', 1, 1, 0, 0, 0, 8, 1, 2, 3, 0, 0, 1, 0, 0, 0, 2, 9, '{}', '', NULL, NULL, NULL, 'f8d5d24608bcbbd594d1fca6b61ec8b826442c40c0cad1e7fa3075bb3b09791d', 'af90f38f8db68ebbc713b49632c234770466b4c8730b9e010a5ff8ef705b137f', '53dbcbd37413b7154dec6648da469aeecb7a1390aef761482c912e3df6d23c2d');
INSERT INTO public.source_runs VALUES (9, 'sample', 'succeeded', '2026-09-01 15:00:02+00', 'exact', 1, 1, 0, 0, 0, 7, 1, 3, 3, 0, 0, 0, 0, 0, 3, 0, 10, '{}', '', NULL, NULL, NULL, '34233b9f839554d865a4d6d18fbb3dca64ffb58179d0acc9152a89a6567934bc', '2a33a69ae2bf613ad6378f70f73ab9d341e3ac5d4a2beda05a449c2362e7eb1e', 'af90f38f8db68ebbc713b49632c234770466b4c8730b9e010a5ff8ef705b137f');
INSERT INTO public.source_runs VALUES (10, 'sample', 'held', '2026-09-01 16:00:02+00', 'exact', 1, 1, 0, 0, 0, 7, 1, 2, 3, 0, 0, 1, 0, 5, 0, 0, 12, '{}', '', NULL, NULL, NULL, 'b20b804ff65a68ec875a785167da2f27f9bb4e76f713bb86c448a6b39078167b', 'cd4fc9d3b554d342e13312e139ec0f00ab24d52925e178a2d5f8595d051ba034', '2a33a69ae2bf613ad6378f70f73ab9d341e3ac5d4a2beda05a449c2362e7eb1e');
INSERT INTO public.source_runs VALUES (11, 'sample', 'failed', '2026-09-01 17:00:02+00', 'none', 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, '{}', '', 'unavailable', 'GET /v1/images: timed out', 'r-2', 'b20b804ff65a68ec875a785167da2f27f9bb4e76f713bb86c448a6b39078167b', '119fd99e6cd1587ad8b54e6671f545226fc570f461839e8e41ba7b83d596e9d5', 'cd4fc9d3b554d342e13312e139ec0f00ab24d52925e178a2d5f8595d051ba034');
INSERT INTO public.source_runs VALUES (12, 'sample', 'succeeded', '2026-09-01 18:00:02+00', 'exact', 1, 1, 0, 0, 0, 7, 1, 4, 2, 0, 0, 0, 6, 0, 0, 0, 7, '{}', '', NULL, NULL, NULL, '23bcabad4f93939b4bb7cb0f64d20938efa9166013751ff4715ad4457ad48112', 'a5acd8ea3e7dbda0c00b21010838eef7d300ab79e48825f4a56a14e5bae37b2a', '119fd99e6cd1587ad8b54e6671f545226fc570f461839e8e41ba7b83d596e9d5');
INSERT INTO public.source_runs VALUES (13, 'sample', 'partial', '2026-09-01 19:00:02+00', 'exact', 1, 1, 0, 0, 0, 8, 1, 3, 3, 1, 0, 0, 0, 0, 0, 2, 7, '{}', '', NULL, NULL, NULL, 'ce2542fe1141d451faaa4435e4cc963e0db809999ae1c26f6b30f92509e1582d', 'e60525718a9b1146a196ab538813e125db3e0725096e58bc8e09527c74357634', 'a5acd8ea3e7dbda0c00b21010838eef7d300ab79e48825f4a56a14e5bae37b2a');
INSERT INTO public.source_runs VALUES (14, 'sample', 'succeeded', '2026-09-01 20:00:02+00', 'exact', 1, 1, 0, 0, 0, 7, 1, 3, 3, 1, 0, 0, 0, 0, 0, 0, 7, '{}', '', NULL, NULL, NULL, 'b65cd14e50487bb9a0a1e980b307efa298eed4426dc7fcebd1db751b88a78667', '9e35cac727b91367e3fc779c860e58f327117638326c5de7b21f79b60d321d4b', 'e60525718a9b1146a196ab538813e125db3e0725096e58bc8e09527c74357634');
INSERT INTO public.superseded VALUES (6, 'sample', '00000000000000000000000000000005', 1, '2026-09-01 07:00:02+00', '2026-09-01 08:00:02+00', 1, 'added', 2, 'changed', 'pytorch_2.1.0-cuda_11.7-py_3.7-euleros_2.10.11-x86_64', NULL, 'BUILD_IN', 'ERROR', 'x86_64', '2.1.0', NULL, NULL, NULL, NULL, NULL, NULL, 11760545872, 'swr.example.com/atelier/pytorch:2.1.0-1', 'swr.example.com', 'atelier', 'pytorch', '2.1.0-1', NULL, NULL, NULL, NULL, '["NOTEBOOK"]', NULL, '[{"key": "team", "value": "a"}]', '2021-12-06 13:37:37.853+00', NULL, '{}');
INSERT INTO public.superseded VALUES (4, 'sample', '00000000000000000000000000000003', 1, '2026-09-01 07:00:02+00', '2026-09-01 08:00:02+00', 1, 'added', 2, 'changed', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64', NULL, 'BUILD_IN', 'ERROR', NULL, '2.1.0', NULL, NULL, NULL, NULL, NULL, NULL, 4724465215, 'swr.example.com/atelier/pytorch:2.1.0-4', 'swr.example.com', 'atelier', 'pytorch', '2.1.0-4', NULL, NULL, NULL, NULL, '[]', NULL, '[{"key": "team", "value": ""}]', '2021-12-11 05:22:01.249+00', NULL, '{}');
INSERT INTO public.superseded VALUES (1, 'sample', '00000000000000000000000000000000', 1, '2026-09-01 07:00:02+00', '2026-09-01 09:00:02+00', 1, 'added', 3, 'changed', 'pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_20.04-x86_64', NULL, 'BUILD_IN', 'ACTIVE', 'x86_64', '1.8.1', NULL, NULL, NULL, NULL, NULL, NULL, 14815451299, 'swr.example.com/atelier/pytorch:1.8.1-6', 'swr.example.com', 'atelier', 'pytorch', '1.8.1-6', NULL, NULL, NULL, NULL, '[]', NULL, '[{"key": "team", "value": "a"}]', '2021-12-06 03:45:36.588+00', NULL, '{}');
INSERT INTO public.superseded VALUES (2, 'sample', '00000000000000000000000000000001', 1, '2026-09-01 07:00:02+00', '2026-09-01 09:00:02+00', 1, 'added', 3, 'changed', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64', NULL, 'BUILD_IN', 'ACTIVE', NULL, '2.1.0', NULL, NULL, NULL, NULL, NULL, NULL, 10502858029, 'swr.example.com/atelier/pytorch:2.1.0-3', 'swr.example.com', 'atelier', 'pytorch', '2.1.0-3', NULL, NULL, NULL, NULL, '["NOTEBOOK", "SSH"]', NULL, '[{"key": "team", "value": "a"}]', '2021-11-30 08:54:32.676+00', NULL, '{}');
INSERT INTO public.superseded VALUES (4, 'sample', '00000000000000000000000000000003', 2, '2026-09-01 08:00:02+00', '2026-09-01 09:00:02+00', 2, 'changed', 3, 'changed', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64', NULL, 'BUILD_IN', 'ACTIVE', 'aarch64', '2.1.0', NULL, NULL, NULL, NULL, NULL, NULL, 5026611534, 'swr.example.com/atelier/pytorch:2.1.0-8', 'swr.example.com', 'atelier', 'pytorch', '2.1.0-8', NULL, NULL, NULL, NULL, '[]', NULL, '[{"key": "team", "value": "a"}]', '2021-12-09 16:04:07.419+00', NULL, '{}');
INSERT INTO public.superseded VALUES (3, 'sample', '00000000000000000000000000000002', 1, '2026-09-01 07:00:02+00', '2026-09-01 08:00:02+00', 1, 'added', 2, 'removed', 'pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_18.04-x86_64', NULL, 'BUILD_IN', 'ACTIVE', NULL, '1.8.1', NULL, NULL, NULL, NULL, NULL, NULL, 9591024697, 'swr.example.com/atelier/pytorch:1.8.1-3', 'swr.example.com', 'atelier', 'pytorch', '1.8.1-3', NULL, NULL, NULL, NULL, '["NOTEBOOK", "SSH"]', NULL, '[{"key": "team", "value": ""}]', '2021-12-11 14:35:33.41+00', NULL, '{}');
INSERT INTO public.superseded VALUES (4, 'sample', '00000000000000000000000000000003', 3, '2026-09-01 09:00:02+00', '2026-09-01 10:00:02+00', 3, 'changed', 4, 'changed', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64', NULL, 'BUILD_IN', 'ERROR', NULL, '2.1.0', NULL, NULL, NULL, NULL, NULL, NULL, 14149738735, 'swr.example.com/atelier/pytorch:2.1.0-5', 'swr.example.com', 'atelier', 'pytorch', '2.1.0-5', NULL, NULL, NULL, NULL, '["SSH"]', NULL, '[{"key": "team", "value": "a"}]', '2021-11-30 09:18:01.924+00', NULL, '{}');
INSERT INTO public.superseded VALUES (8, 'sample', '00000002fa1b1bf13879399bd50e0097', 1, '2026-09-01 09:00:02+00', '2026-09-01 10:00:02+00', 3, 'added', 4, 'changed', 'pytorch_1.8.1-cuda_11.7-py_3.7-euleros_2.10.11-x86_64', NULL, 'BUILD_IN', 'ACTIVE', 'x86_64', '1.8.1', NULL, NULL, NULL, NULL, NULL, NULL, 6001423821, 'swr.example.com/atelier/pytorch:1.8.1-0', 'swr.example.com', 'atelier', 'pytorch', '1.8.1-0', NULL, NULL, NULL, NULL, '["NOTEBOOK", "SSH"]', NULL, '[{"key": "team", "value": ""}]', '2021-12-06 20:42:53.983+00', NULL, '{}');
INSERT INTO public.superseded VALUES (1, 'sample', '00000000000000000000000000000000', 2, '2026-09-01 09:00:02+00', '2026-09-01 12:00:02+00', 3, 'changed', 6, 'changed', 'pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_22.04-x86_64', NULL, 'BUILD_IN', 'ERROR', 'x86_64', '1.8.1', NULL, NULL, NULL, NULL, NULL, NULL, 10069219529, 'swr.example.com/atelier/pytorch:1.8.1-1', 'swr.example.com', 'atelier', 'pytorch', '1.8.1-1', NULL, NULL, NULL, NULL, '[]', NULL, '[{"key": "team", "value": "a"}]', '2021-12-03 06:22:20.711+00', NULL, '{}');
INSERT INTO public.superseded VALUES (9, 'sample', '00000003e65150b566fec086df229650', 1, '2026-09-01 10:00:02+00', '2026-09-01 12:00:02+00', 4, 'added', 6, 'changed', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64', NULL, 'BUILD_IN', 'ACTIVE', NULL, '2.1.0', NULL, NULL, NULL, NULL, NULL, NULL, 10265231868, 'swr.example.com/atelier/pytorch:2.1.0-8', 'swr.example.com', 'atelier', 'pytorch', '2.1.0-8', NULL, NULL, NULL, NULL, '["NOTEBOOK"]', NULL, '[{"key": "team", "value": ""}]', '2021-12-07 16:49:32.309+00', NULL, '{}');
INSERT INTO public.superseded VALUES (9, 'sample', '00000003e65150b566fec086df229650', 2, '2026-09-01 12:00:02+00', '2026-09-01 13:00:02+00', 6, 'changed', 7, 'changed', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64', NULL, 'BUILD_IN', 'ERROR', 'x86_64', '2.1.0', NULL, NULL, NULL, NULL, NULL, NULL, 173518645, 'swr.example.com/atelier/pytorch:2.1.0-2', 'swr.example.com', 'atelier', 'pytorch', '2.1.0-2', NULL, NULL, NULL, NULL, '[]', NULL, '[{"key": "team", "value": "a"}]', '2021-12-11 09:57:50.178+00', NULL, '{}');
INSERT INTO public.superseded VALUES (5, 'sample', '00000000000000000000000000000004', 1, '2026-09-01 07:00:02+00', '2026-09-01 12:00:02+00', 1, 'added', 6, 'out_of_scope', 'pytorch_1.8.1-cuda_11.7-py_3.7-euleros_2.10.11-x86_64', NULL, 'BUILD_IN', 'ACTIVE', 'aarch64', '1.8.1', NULL, NULL, NULL, NULL, NULL, NULL, 16675120324, 'swr.example.com/atelier/pytorch:1.8.1-8', 'swr.example.com', 'atelier', 'pytorch', '1.8.1-8', NULL, NULL, NULL, NULL, '["NOTEBOOK"]', NULL, '[{"key": "team", "value": ""}]', '2021-12-03 02:39:04.548+00', NULL, '{}');
INSERT INTO public.superseded VALUES (8, 'sample', '00000002fa1b1bf13879399bd50e0097', 2, '2026-09-01 10:00:02+00', '2026-09-01 14:00:02+00', 4, 'changed', 8, 'changed', 'pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_20.04-x86_64', NULL, 'BUILD_IN', 'ACTIVE', NULL, '1.8.1', NULL, NULL, NULL, NULL, NULL, NULL, 15594802318, 'swr.example.com/atelier/pytorch:1.8.1-0', 'swr.example.com', 'atelier', 'pytorch', '1.8.1-0', NULL, NULL, NULL, NULL, '["NOTEBOOK", "SSH"]', NULL, '[{"key": "team", "value": "a"}]', '2021-12-10 23:23:22.235+00', NULL, '{}');
INSERT INTO public.superseded VALUES (9, 'sample', '00000003e65150b566fec086df229650', 3, '2026-09-01 13:00:02+00', '2026-09-01 14:00:02+00', 7, 'changed', 8, 'changed', 'pytorch_2.1.0-cuda_11.7-py_3.7-euleros_2.10.11-x86_64', NULL, 'BUILD_IN', 'ACTIVE', 'x86_64', '2.1.0', NULL, NULL, NULL, NULL, NULL, NULL, 12145171762, 'swr.example.com/atelier/pytorch:2.1.0-0', 'swr.example.com', 'atelier', 'pytorch', '2.1.0-0', NULL, NULL, NULL, NULL, '["NOTEBOOK", "SSH"]', NULL, '[{"key": "team", "value": ""}]', '2021-12-01 12:34:54.859+00', NULL, '{}');
INSERT INTO public.superseded VALUES (6, 'sample', '00000000000000000000000000000005', 2, '2026-09-01 08:00:02+00', '2026-09-01 12:00:02+00', 2, 'changed', 6, 'out_of_scope', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64', NULL, 'BUILD_IN', 'ACTIVE', 'aarch64', '2.1.0', NULL, NULL, NULL, NULL, NULL, NULL, 12326599756, 'swr.example.com/atelier/pytorch:2.1.0-8', 'swr.example.com', 'atelier', 'pytorch', '2.1.0-8', NULL, NULL, NULL, NULL, '[]', NULL, '[{"key": "team", "value": ""}]', '2021-12-06 02:53:08.862+00', NULL, '{}');
INSERT INTO public.superseded VALUES (9, 'sample', '00000003e65150b566fec086df229650', 4, '2026-09-01 14:00:02+00', '2026-09-01 15:00:02+00', 8, 'changed', 9, 'changed', 'pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_22.04-x86_64', NULL, 'BUILD_IN', 'ACTIVE', 'x86_64', '1.8.1', NULL, NULL, NULL, NULL, NULL, NULL, 11353600353, 'swr.example.com/atelier/pytorch:1.8.1-3', 'swr.example.com', 'atelier', 'pytorch', '1.8.1-3', NULL, NULL, NULL, NULL, '["SSH"]', NULL, '[{"key": "team", "value": "a"}]', '2021-12-04 03:51:17.286+00', NULL, '{}');
INSERT INTO public.superseded VALUES (3, 'sample', '00000000000000000000000000000002', 2, '2026-09-01 09:00:02+00', '2026-09-01 15:00:02+00', 3, 'restored', 9, 'changed', 'pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_20.04-x86_64', NULL, 'BUILD_IN', 'ACTIVE', NULL, '1.8.1', NULL, NULL, NULL, NULL, NULL, NULL, 14402202874, 'swr.example.com/atelier/pytorch:1.8.1-4', 'swr.example.com', 'atelier', 'pytorch', '1.8.1-4', NULL, NULL, NULL, NULL, '["NOTEBOOK", "SSH"]', NULL, '[{"key": "team", "value": "a"}]', '2021-12-06 12:57:11.058+00', NULL, '{}');
INSERT INTO public.superseded VALUES (5, 'sample', '00000000000000000000000000000004', 2, '2026-09-01 13:00:02+00', '2026-09-01 15:00:02+00', 7, 'in_scope', 9, 'changed', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64', NULL, 'BUILD_IN', 'ACTIVE', 'x86_64', '2.1.0', NULL, NULL, NULL, NULL, NULL, NULL, 12624147710, 'swr.example.com/atelier/pytorch:2.1.0-2', 'swr.example.com', 'atelier', 'pytorch', '2.1.0-2', NULL, NULL, NULL, NULL, '["SSH"]', NULL, '[{"key": "team", "value": "a"}]', '2021-11-30 04:46:50.1+00', NULL, '{}');
INSERT INTO public.superseded VALUES (5, 'sample', '00000000000000000000000000000004', 3, '2026-09-01 15:00:02+00', '2026-09-01 16:00:02+00', 9, 'changed', 10, 'changed', 'pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_22.04-x86_64', NULL, 'BUILD_IN', 'ERROR', NULL, '1.8.1', NULL, NULL, NULL, NULL, NULL, NULL, 5039036505, 'swr.example.com/atelier/pytorch:1.8.1-2', 'swr.example.com', 'atelier', 'pytorch', '1.8.1-2', NULL, NULL, NULL, NULL, '[]', NULL, '[{"key": "team", "value": ""}]', '2021-12-03 21:24:24.559+00', NULL, '{}');
INSERT INTO public.superseded VALUES (13, 'sample', '00000006dbeef77adcd69029780587f0', 1, '2026-09-01 14:00:02+00', '2026-09-01 16:00:02+00', 8, 'added', 10, 'changed', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64', NULL, 'BUILD_IN', 'ERROR', 'x86_64', '2.1.0', NULL, NULL, NULL, NULL, NULL, NULL, 3131758161, 'swr.example.com/atelier/pytorch:2.1.0-0', 'swr.example.com', 'atelier', 'pytorch', '2.1.0-0', NULL, NULL, NULL, NULL, '["NOTEBOOK", "SSH"]', NULL, '[{"key": "team", "value": ""}]', '2021-12-06 05:22:19.506+00', NULL, '{}');
INSERT INTO public.superseded VALUES (7, 'sample', '0000000173f7ba8e0445d656de3a5db5', 1, '2026-09-01 08:00:02+00', '2026-09-01 12:00:02+00', 2, 'added', 6, 'out_of_scope', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64', NULL, 'BUILD_IN', 'ACTIVE', NULL, '2.1.0', NULL, NULL, NULL, NULL, NULL, NULL, 6805207633, 'swr.example.com/atelier/pytorch:2.1.0-1', 'swr.example.com', 'atelier', 'pytorch', '2.1.0-1', NULL, NULL, NULL, NULL, '["NOTEBOOK", "SSH"]', NULL, '[{"key": "team", "value": "a"}]', '2021-12-01 03:04:36.464+00', NULL, '{}');
INSERT INTO public.superseded VALUES (9, 'sample', '00000003e65150b566fec086df229650', 5, '2026-09-01 15:00:02+00', '2026-09-01 18:00:02+00', 9, 'changed', 12, 'changed', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64', NULL, 'BUILD_IN', 'ACTIVE', NULL, '2.1.0', NULL, NULL, NULL, NULL, NULL, NULL, 17022612736, 'swr.example.com/atelier/pytorch:2.1.0-6', 'swr.example.com', 'atelier', 'pytorch', '2.1.0-6', NULL, NULL, NULL, NULL, '["NOTEBOOK", "SSH"]', NULL, '[{"key": "team", "value": ""}]', '2021-11-30 05:29:32.338+00', NULL, '{}');
INSERT INTO public.superseded VALUES (3, 'sample', '00000000000000000000000000000002', 3, '2026-09-01 15:00:02+00', '2026-09-01 18:00:02+00', 9, 'changed', 12, 'changed', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64', NULL, 'BUILD_IN', 'ACTIVE', 'x86_64', '2.1.0', NULL, NULL, NULL, NULL, NULL, NULL, 7256756058, 'swr.example.com/atelier/pytorch:2.1.0-2', 'swr.example.com', 'atelier', 'pytorch', '2.1.0-2', NULL, NULL, NULL, NULL, '["SSH"]', NULL, '[{"key": "team", "value": "a"}]', '2021-11-30 16:44:04.104+00', NULL, '{}');
INSERT INTO public.superseded VALUES (14, 'sample', '000000072008749797f2a70223669676', 1, '2026-09-01 15:00:02+00', '2026-09-01 18:00:02+00', 9, 'added', 12, 'changed', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64', NULL, 'BUILD_IN', 'ACTIVE', NULL, '2.1.0', NULL, NULL, NULL, NULL, NULL, NULL, 16890557772, 'swr.example.com/atelier/pytorch:2.1.0-0', 'swr.example.com', 'atelier', 'pytorch', '2.1.0-0', NULL, NULL, NULL, NULL, '[]', NULL, '[{"key": "team", "value": ""}]', '2021-12-07 07:15:50.524+00', NULL, '{}');
INSERT INTO public.superseded VALUES (12, 'sample', '000000059e289761c8fea5d73716e7ea', 1, '2026-09-01 13:00:02+00', '2026-09-01 18:00:02+00', 7, 'added', 12, 'changed', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64', NULL, 'BUILD_IN', 'ACTIVE', 'aarch64', '2.1.0', NULL, NULL, NULL, NULL, NULL, NULL, 1711781397, 'swr.example.com/atelier/pytorch:2.1.0-1', 'swr.example.com', 'atelier', 'pytorch', '2.1.0-1', NULL, NULL, NULL, NULL, '["SSH"]', NULL, '[{"key": "team", "value": "a"}]', '2021-12-03 04:50:07.404+00', NULL, '{}');
INSERT INTO public.superseded VALUES (5, 'sample', '00000000000000000000000000000004', 4, '2026-09-01 16:00:02+00', '2026-09-01 19:00:02+00', 10, 'changed', 13, 'changed', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64', NULL, 'BUILD_IN', 'ERROR', NULL, '2.1.0', NULL, NULL, NULL, NULL, NULL, NULL, 7436400655, 'swr.example.com/atelier/pytorch:2.1.0-3', 'swr.example.com', 'atelier', 'pytorch', '2.1.0-3', NULL, NULL, NULL, NULL, '["SSH"]', NULL, '[{"key": "team", "value": ""}]', '2021-12-02 21:22:43.067+00', NULL, '{}');
INSERT INTO public.superseded VALUES (16, 'sample', '000000093e0363339b0a6817f91c85fd', 1, '2026-09-01 18:00:02+00', '2026-09-01 19:00:02+00', 12, 'added', 13, 'changed', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64', NULL, 'BUILD_IN', 'ACTIVE', 'x86_64', '2.1.0', NULL, NULL, NULL, NULL, NULL, NULL, 2402493571, 'swr.example.com/atelier/pytorch:2.1.0-3', 'swr.example.com', 'atelier', 'pytorch', '2.1.0-3', NULL, NULL, NULL, NULL, '["NOTEBOOK", "SSH"]', NULL, '[{"key": "team", "value": "a"}]', '2021-12-07 21:25:06.034+00', NULL, '{}');
INSERT INTO public.superseded VALUES (7, 'sample', '0000000173f7ba8e0445d656de3a5db5', 2, '2026-09-01 16:00:02+00', '2026-09-01 19:00:02+00', 10, 'in_scope', 13, 'changed', 'pytorch_1.8.1-cuda_11.7-py_3.7-euleros_2.10.11-x86_64', NULL, 'BUILD_IN', 'ERROR', NULL, '1.8.1', NULL, NULL, NULL, NULL, NULL, NULL, 3308212158, 'swr.example.com/atelier/pytorch:1.8.1-5', 'swr.example.com', 'atelier', 'pytorch', '1.8.1-5', NULL, NULL, NULL, NULL, '[]', NULL, '[{"key": "team", "value": ""}]', '2021-12-01 00:04:55.326+00', NULL, '{}');
INSERT INTO public.superseded VALUES (14, 'sample', '000000072008749797f2a70223669676', 2, '2026-09-01 18:00:02+00', '2026-09-01 20:00:02+00', 12, 'changed', 14, 'changed', 'pytorch_2.1.0-cuda_11.7-py_3.7-euleros_2.10.11-x86_64', NULL, 'BUILD_IN', 'ACTIVE', 'aarch64', '2.1.0', NULL, NULL, NULL, NULL, NULL, NULL, 6176716821, 'swr.example.com/atelier/pytorch:2.1.0-7', 'swr.example.com', 'atelier', 'pytorch', '2.1.0-7', NULL, NULL, NULL, NULL, '[]', NULL, '[{"key": "team", "value": "a"}]', '2021-12-05 10:52:46.93+00', NULL, '{}');
INSERT INTO public.superseded VALUES (17, 'sample', '0000000ac87868fa56e0a246663f423b', 1, '2026-09-01 19:00:02+00', '2026-09-01 20:00:02+00', 13, 'added', 14, 'changed', 'pytorch_2.1.0-cuda_11.7-py_3.7-euleros_2.10.11-x86_64', NULL, 'BUILD_IN', 'ERROR', 'aarch64', '2.1.0', NULL, NULL, NULL, NULL, NULL, NULL, 3628045, 'swr.example.com/atelier/pytorch:2.1.0-7', 'swr.example.com', 'atelier', 'pytorch', '2.1.0-7', NULL, NULL, NULL, NULL, '["NOTEBOOK", "SSH"]', NULL, '[{"key": "team", "value": ""}]', '2021-12-06 19:06:08.46+00', NULL, '{}');
INSERT INTO public.superseded VALUES (16, 'sample', '000000093e0363339b0a6817f91c85fd', 2, '2026-09-01 19:00:02+00', '2026-09-01 20:00:02+00', 13, 'changed', 14, 'changed', 'pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64', NULL, 'BUILD_IN', 'ACTIVE', NULL, '2.1.0', NULL, NULL, NULL, NULL, NULL, NULL, 9450848988, 'swr.example.com/atelier/pytorch:2.1.0-4', 'swr.example.com', 'atelier', 'pytorch', '2.1.0-4', NULL, NULL, NULL, NULL, '["NOTEBOOK", "SSH"]', NULL, '[{"key": "team", "value": "a"}]', '2021-12-06 20:54:58.593+00', NULL, '{}');
INSERT INTO public.sync_runs VALUES (1, 'sync', '2026-09-01 07:00:00+00', '2026-09-01 07:00:03+00', 'succeeded', 0, '0.1.0', 'test', 1);
INSERT INTO public.sync_runs VALUES (2, 'sync', '2026-09-01 08:00:00+00', '2026-09-01 08:00:03+00', 'succeeded', 0, '0.1.0', 'test', 1);
INSERT INTO public.sync_runs VALUES (3, 'sync', '2026-09-01 09:00:00+00', '2026-09-01 09:00:03+00', 'partial', 3, '0.1.0', 'test', 1);
INSERT INTO public.sync_runs VALUES (4, 'sync', '2026-09-01 10:00:00+00', '2026-09-01 10:00:03+00', 'held', 30, '0.1.0', 'test', 1);
INSERT INTO public.sync_runs VALUES (5, 'sync', '2026-09-01 11:00:00+00', '2026-09-01 11:00:03+00', 'failed', 11, '0.1.0', 'test', 1);
INSERT INTO public.sync_runs VALUES (6, 'sync', '2026-09-01 12:00:00+00', '2026-09-01 12:00:03+00', 'succeeded', 0, '0.1.0', 'test', 1);
INSERT INTO public.sync_runs VALUES (7, 'sync', '2026-09-01 13:00:00+00', '2026-09-01 13:00:03+00', 'succeeded', 0, '0.1.0', 'test', 1);
INSERT INTO public.sync_runs VALUES (8, 'sync', '2026-09-01 14:00:00+00', '2026-09-01 14:00:03+00', 'partial', 3, '0.1.0', 'test', 1);
INSERT INTO public.sync_runs VALUES (9, 'sync', '2026-09-01 15:00:00+00', '2026-09-01 15:00:03+00', 'succeeded', 0, '0.1.0', 'test', 1);
INSERT INTO public.sync_runs VALUES (10, 'sync', '2026-09-01 16:00:00+00', '2026-09-01 16:00:03+00', 'held', 30, '0.1.0', 'test', 1);
INSERT INTO public.sync_runs VALUES (11, 'sync', '2026-09-01 17:00:00+00', '2026-09-01 17:00:03+00', 'failed', 11, '0.1.0', 'test', 1);
INSERT INTO public.sync_runs VALUES (12, 'sync', '2026-09-01 18:00:00+00', '2026-09-01 18:00:03+00', 'succeeded', 0, '0.1.0', 'test', 1);
INSERT INTO public.sync_runs VALUES (13, 'sync', '2026-09-01 19:00:00+00', '2026-09-01 19:00:03+00', 'partial', 3, '0.1.0', 'test', 1);
INSERT INTO public.sync_runs VALUES (14, 'sync', '2026-09-01 20:00:00+00', '2026-09-01 20:00:03+00', 'succeeded', 0, '0.1.0', 'test', 1);
SELECT pg_catalog.setval('public.catalogue_image_key_seq', 18, true);
SELECT pg_catalog.setval('public.rejects_reject_id_seq', 4, true);
SELECT pg_catalog.setval('public.sync_runs_run_id_seq', 14, true);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.catalogue
    ADD CONSTRAINT pk_catalogue PRIMARY KEY (image_key);
ALTER TABLE ONLY public.field_changes
    ADD CONSTRAINT pk_field_changes PRIMARY KEY (image_key, version, field);
ALTER TABLE ONLY public.held_removals
    ADD CONSTRAINT pk_held_removals PRIMARY KEY (source, image_id, run_id);
ALTER TABLE ONLY public.image_removals
    ADD CONSTRAINT pk_image_removals PRIMARY KEY (source, image_id, version);
ALTER TABLE ONLY public.rejects
    ADD CONSTRAINT pk_rejects PRIMARY KEY (reject_id);
ALTER TABLE ONLY public.source_fields
    ADD CONSTRAINT pk_source_fields PRIMARY KEY (source, field);
ALTER TABLE ONLY public.source_runs
    ADD CONSTRAINT pk_source_runs PRIMARY KEY (run_id, source);
ALTER TABLE ONLY public.superseded
    ADD CONSTRAINT pk_superseded PRIMARY KEY (image_key, version);
ALTER TABLE ONLY public.sync_runs
    ADD CONSTRAINT pk_sync_runs PRIMARY KEY (run_id);
ALTER TABLE ONLY public.catalogue
    ADD CONSTRAINT uq_catalogue_source_image_id UNIQUE (source, image_id);
ALTER TABLE ONLY public.source_runs
    ADD CONSTRAINT uq_source_runs_source_observed_at UNIQUE (source, observed_at);
CREATE INDEX ix_catalogue_absent ON public.catalogue USING btree (source, image_id, state) WHERE (state <> 'present'::text);
CREATE INDEX ix_catalogue_closed ON public.catalogue USING btree (closed_run_id) WHERE (closed_run_id IS NOT NULL);
CREATE INDEX ix_catalogue_missing ON public.catalogue USING btree (source) WHERE (missing_since IS NOT NULL);
CREATE INDEX ix_catalogue_name ON public.catalogue USING hash (name);
CREATE INDEX ix_catalogue_opened ON public.catalogue USING btree (opened_run_id);
CREATE INDEX ix_catalogue_swr_path ON public.catalogue USING hash (swr_path);
CREATE INDEX ix_catalogue_valid_from ON public.catalogue USING btree (valid_from);
CREATE INDEX ix_field_changes_run_id ON public.field_changes USING btree (run_id);
CREATE INDEX ix_image_removals_removed_at ON public.image_removals USING btree (removed_at);
CREATE INDEX ix_image_removals_run_id ON public.image_removals USING btree (run_id);
CREATE INDEX ix_rejects_run_id ON public.rejects USING btree (run_id);
CREATE INDEX ix_superseded_closed ON public.superseded USING btree (closed_run_id) WHERE (closed_as <> 'changed'::text);
CREATE INDEX ix_superseded_image ON public.superseded USING btree (source, image_id);
CREATE INDEX ix_superseded_opened ON public.superseded USING btree (opened_run_id);
CREATE INDEX ix_superseded_valid_from ON public.superseded USING btree (valid_from);
CREATE UNIQUE INDEX uq_held_removals_open ON public.held_removals USING btree (source, image_id) WHERE (released_at IS NULL);
CREATE UNIQUE INDEX uq_rejects_open ON public.rejects USING btree (source, record_digest, reason) WHERE (resolved_at IS NULL);
ALTER TABLE ONLY public.field_changes
    ADD CONSTRAINT fk_field_changes_image_key FOREIGN KEY (image_key) REFERENCES public.catalogue(image_key);
ALTER TABLE ONLY public.source_runs
    ADD CONSTRAINT fk_source_runs_run_id FOREIGN KEY (run_id) REFERENCES public.sync_runs(run_id);
ALTER TABLE ONLY public.superseded
    ADD CONSTRAINT fk_superseded_image_key FOREIGN KEY (image_key) REFERENCES public.catalogue(image_key);
