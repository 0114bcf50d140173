CREATE TABLE checkpoints (
    size BIGINT NOT NULL,
    root TEXT NOT NULL,
    note TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    timestamp_token TEXT,
    cosignatures JSONB NOT NULL,
    CONSTRAINT pk_checkpoints PRIMARY KEY (size),
    CONSTRAINT ck_checkpoints_root CHECK (length(root) = 64)
);

COMMENT ON TABLE checkpoints IS 'Signed states of the log';

COMMENT ON COLUMN checkpoints.size IS 'number of entries that the checkpoint covers';

COMMENT ON COLUMN checkpoints.root IS 'root of the tree of these entries, in hex';

COMMENT ON COLUMN checkpoints.note IS 'the checkpoint as a signed note (C2SP tlog-checkpoint)';

COMMENT ON COLUMN checkpoints.created_at IS 'when it was created';

COMMENT ON COLUMN checkpoints.timestamp_token IS 'RFC 3161 timestamp of the note (DER in base64)';

COMMENT ON COLUMN checkpoints.cosignatures IS 'JSON array of witnesses'' signature lines';

CREATE TABLE current_images (
    image_key BIGSERIAL NOT NULL,
    record_digest BYTEA NOT NULL,
    fingerprint BYTEA NOT NULL,
    state TEXT NOT NULL CONSTRAINT ck_current_images_state CHECK (state = 'present' or state = 'removed' or state = 'out_of_scope'),
    source TEXT COLLATE "C" NOT NULL,
    image_id TEXT COLLATE "C" NOT NULL,
    version INTEGER NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE,
    opened_run_id BIGINT NOT NULL,
    opened_as TEXT NOT NULL CONSTRAINT ck_current_images_opened_as CHECK (opened_as = 'added' or opened_as = 'changed' or opened_as = 'restored' or opened_as = 'in_scope'),
    closed_run_id BIGINT,
    closed_as TEXT CONSTRAINT ck_current_images_closed_as CHECK (closed_as = 'changed' or closed_as = 'removed' or closed_as = 'out_of_scope'),
    last_seen_at TIMESTAMP WITH TIME ZONE,
    listing TEXT,
    first_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    missing_since TIMESTAMP WITH TIME ZONE,
    relisted_as TEXT,
    name TEXT,
    description TEXT,
    type TEXT,
    status TEXT,
    arch TEXT,
    tag TEXT,
    namespace TEXT,
    workspace_id TEXT,
    visibility TEXT,
    origin TEXT,
    service_type TEXT,
    flavor_type TEXT,
    size BIGINT,
    swr_path TEXT,
    swr_registry TEXT,
    swr_organization TEXT,
    swr_repository TEXT,
    swr_tag TEXT,
    swr_instance_id TEXT,
    show_name TEXT,
    show_tag TEXT,
    status_message TEXT,
    dev_services JSONB,
    resource_categories JSONB,
    tags JSONB,
    created_at TIMESTAMP WITH TIME ZONE,
    updated_at TIMESTAMP WITH TIME ZONE,
    extra JSON NOT NULL,
    components JSONB NOT NULL,
    CONSTRAINT pk_current_images PRIMARY KEY (image_key),
    CONSTRAINT uq_current_images_source_image_id UNIQUE (source, image_id),
    CONSTRAINT ck_current_images_version CHECK (version >= 1),
    CONSTRAINT ck_current_images_open CHECK ((state = 'present') = (valid_to is null)),
    CONSTRAINT ck_current_images_closed CHECK ((closed_as is null) = (valid_to is null)),
    CONSTRAINT ck_current_images_closed_run CHECK ((closed_run_id is null) = (valid_to is null)),
    CONSTRAINT ck_current_images_closed_state CHECK (state = 'present' or state = closed_as),
    CONSTRAINT ck_current_images_period CHECK (valid_to >= valid_from),
    CONSTRAINT ck_current_images_missing CHECK (state = 'present' or missing_since is null)
);

create index ix_current_images_opened_run_id on current_images (opened_run_id);

create index ix_current_images_closed_run_id on current_images (closed_run_id) where closed_run_id is not null;

create index ix_current_images_valid_from on current_images (valid_from);

create index ix_current_images_swr_path on current_images using hash (swr_path);

create index ix_current_images_source_image_id_state on current_images (source, image_id, state) where state <> 'present';

create index ix_current_images_source on current_images (source) where missing_since is not null;

COMMENT ON TABLE current_images IS 'Every image ever seen: its state and its latest version';

COMMENT ON COLUMN current_images.image_key IS 'the row''s key, in the order in which images were first recorded';

COMMENT ON COLUMN current_images.record_digest IS 'digest of the record that gave the version';

COMMENT ON COLUMN current_images.fingerprint IS 'digest of the tracked values that are not null';

COMMENT ON COLUMN current_images.state IS 'present, removed or out_of_scope';

COMMENT ON COLUMN current_images.source IS 'name of the source in the configuration';

COMMENT ON COLUMN current_images.image_id IS 'the API''s id, unique within a source';

COMMENT ON COLUMN current_images.version IS 'number of the version, from 1';

COMMENT ON COLUMN current_images.valid_from IS 'observed_at of the run that created this version';

COMMENT ON COLUMN current_images.valid_to IS 'observed_at of the run that ended it; null: current';

COMMENT ON COLUMN current_images.opened_run_id IS 'the run that created this version';

COMMENT ON COLUMN current_images.opened_as IS 'added, changed, restored or in_scope';

COMMENT ON COLUMN current_images.closed_run_id IS 'the run that ended this version';

COMMENT ON COLUMN current_images.closed_as IS 'changed, removed or out_of_scope; null: current';

COMMENT ON COLUMN current_images.last_seen_at IS 'last certified walk that saw it, if later ones did not';

COMMENT ON COLUMN current_images.listing IS 'TYPE/WORKSPACE of the listing that gave this version';

COMMENT ON COLUMN current_images.first_seen_at IS 'observed_at of the run that first saw the image';

COMMENT ON COLUMN current_images.missing_since IS 'first certified walk without it; null: not missing';

COMMENT ON COLUMN current_images.relisted_as IS 'TYPE/WORKSPACE of the listing that shows it instead';

COMMENT ON COLUMN current_images.name IS 'the image''s name, without surrounding white space; not unique';

COMMENT ON COLUMN current_images.description IS 'the image''s description';

COMMENT ON COLUMN current_images.type IS 'BUILD_IN, DEDICATED, or another value as reported';

COMMENT ON COLUMN current_images.status IS 'INIT, CREATING, CREATE_FAILED, ERROR, DELETED, ACTIVE, …';

COMMENT ON COLUMN current_images.arch IS 'processor architecture in lower case: x86_64, aarch64, …';

COMMENT ON COLUMN current_images.tag IS 'the image''s tag';

COMMENT ON COLUMN current_images.namespace IS 'SWR organisation, as the API names it';

COMMENT ON COLUMN current_images.workspace_id IS 'workspace; 0 is the default one';

COMMENT ON COLUMN current_images.visibility IS 'PRIVATE, PUBLIC, HIDDEN, …';

COMMENT ON COLUMN current_images.origin IS 'CUSTOMIZE, IMAGE_SAVE, …';

COMMENT ON COLUMN current_images.service_type IS 'COMMON, INFERENCE, TRAIN, DEV, UNKNOWN, …';

COMMENT ON COLUMN current_images.flavor_type IS 'ASCEND_SNT9, ASCEND_SNT9B, ASCEND_SNT3, …';

COMMENT ON COLUMN current_images.size IS 'as reported (documented in KB, observed in bytes)';

COMMENT ON COLUMN current_images.swr_path IS 'the image''s address in the registry; not unique';

COMMENT ON COLUMN current_images.swr_registry IS 'of swr_path: host, with the port if it has one';

COMMENT ON COLUMN current_images.swr_organization IS 'of swr_path: the organisation';

COMMENT ON COLUMN current_images.swr_repository IS 'of swr_path: the repository';

COMMENT ON COLUMN current_images.swr_tag IS 'of swr_path: the tag or digest';

COMMENT ON COLUMN current_images.swr_instance_id IS 'id of the SWR enterprise instance';

COMMENT ON COLUMN current_images.show_name IS 'display name';

COMMENT ON COLUMN current_images.show_tag IS 'display tag';

COMMENT ON COLUMN current_images.status_message IS 'the API''s explanation of the status';

COMMENT ON COLUMN current_images.dev_services IS 'JSON array of text: NOTEBOOK, SSH, AI_FLOW, …';

COMMENT ON COLUMN current_images.resource_categories IS 'JSON array of text: CPU, GPU, ASCEND, …';

COMMENT ON COLUMN current_images.tags IS 'JSON array of {key, value}';

COMMENT ON COLUMN current_images.created_at IS 'when the image was created, according to the API';

COMMENT ON COLUMN current_images.updated_at IS 'last update according to the API; not used to detect changes';

COMMENT ON COLUMN current_images.extra IS 'unknown fields as they came with this version';

COMMENT ON COLUMN current_images.components IS 'JSON array of [component, version]';

CREATE TABLE discovered_sources (
    source TEXT COLLATE "C" NOT NULL,
    label TEXT COLLATE "C" NOT NULL,
    project_id TEXT COLLATE "C" NOT NULL,
    project_name TEXT COLLATE "C" NOT NULL,
    region TEXT COLLATE "C" NOT NULL,
    first_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    vanished_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_discovered_sources PRIMARY KEY (source)
);

COMMENT ON TABLE discovered_sources IS 'Sources generated by [[discover]], one for each project';

COMMENT ON COLUMN discovered_sources.source IS 'name of the source in the configuration';

COMMENT ON COLUMN discovered_sources.label IS 'label of the [[discover]] that found it';

COMMENT ON COLUMN discovered_sources.project_id IS 'the project''s id';

COMMENT ON COLUMN discovered_sources.project_name IS 'name of the project at that time';

COMMENT ON COLUMN discovered_sources.region IS 'region of the project';

COMMENT ON COLUMN discovered_sources.first_seen_at IS 'when the project was first found';

COMMENT ON COLUMN discovered_sources.vanished_at IS 'when it was first not found; null: it is still found';

CREATE TABLE held_removals (
    source TEXT COLLATE "C" NOT NULL,
    image_id TEXT COLLATE "C" NOT NULL,
    run_id BIGINT NOT NULL,
    held_at TIMESTAMP WITH TIME ZONE NOT NULL,
    name TEXT,
    rule TEXT NOT NULL CONSTRAINT ck_held_removals_rule CHECK (rule = 'max_count' or rule = 'max_percent' or rule = 'empty_listing'),
    evidence TEXT NOT NULL CONSTRAINT ck_held_removals_evidence CHECK (evidence = 'lookup_not_found' or evidence = 'lookup_deleted' or evidence = 'listed_deleted' or evidence = 'absent_twice'),
    evidence_detail JSON NOT NULL,
    released_run_id BIGINT,
    released_at TIMESTAMP WITH TIME ZONE,
    released_as TEXT CONSTRAINT ck_held_removals_released_as CHECK (released_as = 'removed' or released_as = 'dismissed' or released_as = 'withdrawn'),
    CONSTRAINT pk_held_removals PRIMARY KEY (source, image_id, run_id),
    CONSTRAINT ck_held_removals_released CHECK ((released_at is null) = (released_as is null))
);

create unique index uq_held_removals_source_image_id on held_removals (source, image_id) where released_at is null;

create index ix_held_removals_run_id on held_removals (run_id);

create index ix_held_removals_released_run_id on held_removals (released_run_id) where released_run_id is not null;

COMMENT ON TABLE held_removals IS 'Removals held by the guard, with their evidence and what was decided';

COMMENT ON COLUMN held_removals.source IS 'name of the source in the configuration';

COMMENT ON COLUMN held_removals.image_id IS 'the API''s id, unique within a source';

COMMENT ON COLUMN held_removals.run_id IS 'the first run whose guard held this removal';

COMMENT ON COLUMN held_removals.held_at IS 'observed_at of that run';

COMMENT ON COLUMN held_removals.name IS 'the image''s name at that time';

COMMENT ON COLUMN held_removals.rule IS 'the guard''s rule';

COMMENT ON COLUMN held_removals.evidence IS 'how the removal is known';

COMMENT ON COLUMN held_removals.evidence_detail IS 'HTTP status, error code, request id, time';

COMMENT ON COLUMN held_removals.released_run_id IS 'the run that released it';

COMMENT ON COLUMN held_removals.released_at IS 'observed_at of that run; null: still held';

COMMENT ON COLUMN held_removals.released_as IS 'removed, dismissed, or withdrawn (no longer a candidate)';

CREATE TABLE image_removals (
    source TEXT COLLATE "C" NOT NULL,
    image_id TEXT COLLATE "C" NOT NULL,
    name TEXT,
    swr_path TEXT,
    version INTEGER NOT NULL,
    run_id BIGINT NOT NULL,
    removed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    missing_since TIMESTAMP WITH TIME ZONE,
    evidence TEXT NOT NULL CONSTRAINT ck_image_removals_evidence CHECK (evidence = 'lookup_not_found' or evidence = 'lookup_deleted' or evidence = 'listed_deleted' or evidence = 'absent_twice'),
    evidence_detail JSON NOT NULL,
    restored_at TIMESTAMP WITH TIME ZONE,
    restored_run_id BIGINT,
    attribution TEXT CONSTRAINT ck_image_removals_attribution CHECK (attribution = 'exact' or attribution = 'likely' or attribution = 'ambiguous' or attribution = 'none' or attribution = 'refused' or attribution = 'expired'),
    removed_by TEXT,
    removed_by_kind TEXT CONSTRAINT ck_image_removals_removed_by_kind CHECK (removed_by_kind = 'user' or removed_by_kind = 'agency' or removed_by_kind = 'federated' or removed_by_kind = 'system'),
    removed_via TEXT CONSTRAINT ck_image_removals_removed_via CHECK (removed_via = 'ApiCall' or removed_via = 'ConsoleAction' or removed_via = 'SystemAction'),
    source_ip TEXT,
    trace_id TEXT,
    trace_at TIMESTAMP WITH TIME ZONE,
    actor_salt TEXT,
    attributed_run_id BIGINT,
    CONSTRAINT pk_image_removals PRIMARY KEY (source, image_id, version),
    CONSTRAINT ck_image_removals_restored CHECK ((restored_at is null) = (restored_run_id is null)),
    CONSTRAINT ck_image_removals_removed_by CHECK (removed_by is null or coalesce(attribution, '') in ('exact', 'likely')),
    CONSTRAINT ck_image_removals_attributed CHECK ((attribution is null) = (attributed_run_id is null))
);

create index ix_image_removals_removed_at on image_removals (removed_at);

create index ix_image_removals_run_id on image_removals (run_id);

create index ix_image_removals_restored_run_id on image_removals (restored_run_id) where restored_run_id is not null;

COMMENT ON TABLE image_removals IS 'One row for each time an image left the catalogue, with the evidence';

COMMENT ON COLUMN image_removals.source IS 'name of the source in the configuration';

COMMENT ON COLUMN image_removals.image_id IS 'the API''s id, unique within a source';

COMMENT ON COLUMN image_removals.name IS 'the image''s last known name';

COMMENT ON COLUMN image_removals.swr_path IS 'its last known address';

COMMENT ON COLUMN image_removals.version IS 'the version that the removal ended';

COMMENT ON COLUMN image_removals.run_id IS 'the run that found it removed';

COMMENT ON COLUMN image_removals.removed_at IS 'observed_at of that run';

COMMENT ON COLUMN image_removals.last_seen_at IS 'latest certified walk that saw it, or its latest change';

COMMENT ON COLUMN image_removals.missing_since IS 'first certified walk without it; null: still listed';

COMMENT ON COLUMN image_removals.evidence IS 'how the removal is known';

COMMENT ON COLUMN image_removals.evidence_detail IS 'HTTP status, error code, request id, time';

COMMENT ON COLUMN image_removals.restored_at IS 'observed_at of the run that saw it again';

COMMENT ON COLUMN image_removals.restored_run_id IS 'the run that saw it again';

COMMENT ON COLUMN image_removals.attribution IS 'confidence in removed_by; null: nobody asked';

COMMENT ON COLUMN image_removals.removed_by IS 'name of the user, agency or system that removed the image';

COMMENT ON COLUMN image_removals.removed_by_kind IS 'user, agency, federated or system';

COMMENT ON COLUMN image_removals.removed_via IS 'ApiCall, ConsoleAction or SystemAction';

COMMENT ON COLUMN image_removals.source_ip IS 'address that the request came from';

COMMENT ON COLUMN image_removals.trace_id IS 'id of the trace in the Cloud Trace Service';

COMMENT ON COLUMN image_removals.trace_at IS 'time of the trace';

COMMENT ON COLUMN image_removals.actor_salt IS 'random text in the actor''s digest; null: erased, or no actor';

COMMENT ON COLUMN image_removals.attributed_run_id IS 'the run that recorded the attribution';

CREATE TABLE log_entries (
    entry BIGINT NOT NULL,
    kind TEXT NOT NULL CONSTRAINT ck_log_entries_kind CHECK (kind = 'run' or kind = 'prune'),
    run_id BIGINT,
    source TEXT COLLATE "C" NOT NULL,
    events BIGINT NOT NULL,
    leaf_hash TEXT NOT NULL,
    root TEXT NOT NULL,
    CONSTRAINT pk_log_entries PRIMARY KEY (entry),
    CONSTRAINT ck_log_entries_entry CHECK (entry >= 0),
    CONSTRAINT ck_log_entries_run CHECK ((kind = 'run') = (run_id is not null)),
    CONSTRAINT ck_log_entries_hashes CHECK (length(leaf_hash) = 64 and length(root) = 64)
);

create index ix_log_entries_source_entry on log_entries (source, entry);

create index ix_log_entries_run_id_source on log_entries (run_id, source);

COMMENT ON TABLE log_entries IS 'The append-only log: one entry for each committed run of each source';

COMMENT ON COLUMN log_entries.entry IS 'number of the entry, from 0 without gaps';

COMMENT ON COLUMN log_entries.kind IS 'run, or prune: the entry that replaces pruned ones';

COMMENT ON COLUMN log_entries.run_id IS 'the run; null: the entry of a prune';

COMMENT ON COLUMN log_entries.source IS 'name of the source in the configuration';

COMMENT ON COLUMN log_entries.events IS 'number of events under the entry';

COMMENT ON COLUMN log_entries.leaf_hash IS 'RFC 6962 leaf hash of the entry''s data, in hex';

COMMENT ON COLUMN log_entries.root IS 'root of the tree that ends with this entry, in hex';

CREATE TABLE log_state (
    state_id INTEGER NOT NULL,
    origin TEXT NOT NULL,
    size BIGINT NOT NULL,
    frontier TEXT NOT NULL,
    CONSTRAINT pk_log_state PRIMARY KEY (state_id),
    CONSTRAINT ck_log_state_one_row CHECK (state_id = 1)
);

COMMENT ON TABLE log_state IS 'Name and size of the log, and the right edge of its tree';

COMMENT ON COLUMN log_state.state_id IS 'always 1: the table has one row';

COMMENT ON COLUMN log_state.origin IS 'name of the log';

COMMENT ON COLUMN log_state.size IS 'number of entries';

COMMENT ON COLUMN log_state.frontier IS 'hashes (hex) of the tree''s complete subtrees, largest first';

CREATE TABLE prune_checkpoints (
    source TEXT COLLATE "C" NOT NULL,
    run_id BIGINT NOT NULL,
    observed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    pruned_at TIMESTAMP WITH TIME ZONE NOT NULL,
    through_entry BIGINT,
    entry BIGINT,
    CONSTRAINT pk_prune_checkpoints PRIMARY KEY (source)
);

COMMENT ON TABLE prune_checkpoints IS 'Where each source''s history begins after a prune';

COMMENT ON COLUMN prune_checkpoints.source IS 'name of the source in the configuration';

COMMENT ON COLUMN prune_checkpoints.run_id IS 'the last run whose history was dropped';

COMMENT ON COLUMN prune_checkpoints.observed_at IS 'observed_at of that run; history before it is incomplete';

COMMENT ON COLUMN prune_checkpoints.pruned_at IS 'when it was dropped';

COMMENT ON COLUMN prune_checkpoints.through_entry IS 'log entry of that run: the last one that was pruned';

COMMENT ON COLUMN prune_checkpoints.entry IS 'log entry that seals what was kept';

CREATE TABLE rejects (
    reject_id BIGSERIAL NOT NULL,
    run_id BIGINT NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    image_id TEXT,
    listing TEXT,
    page INTEGER NOT NULL,
    position INTEGER NOT NULL,
    reason TEXT NOT NULL,
    record TEXT NOT NULL,
    record_bytes BIGINT NOT NULL,
    record_digest TEXT NOT NULL,
    rejected_at TIMESTAMP WITH TIME ZONE NOT NULL,
    resolved_at TIMESTAMP WITH TIME ZONE,
    resolved_run_id BIGINT,
    CONSTRAINT pk_rejects PRIMARY KEY (reject_id)
);

create unique index uq_rejects_source_record_digest_reason on rejects (source, record_digest, reason) where resolved_at is null;

create index ix_rejects_run_id on rejects (run_id);

create index ix_rejects_resolved_run_id on rejects (resolved_run_id) where resolved_run_id is not null;

COMMENT ON TABLE rejects IS 'Records that could not be parsed, with the reason';

COMMENT ON COLUMN rejects.reject_id IS 'number of the reject';

COMMENT ON COLUMN rejects.run_id IS 'the first run that received it';

COMMENT ON COLUMN rejects.source IS 'name of the source in the configuration';

COMMENT ON COLUMN rejects.image_id IS 'the record''s id, if it has a usable one';

COMMENT ON COLUMN rejects.listing IS 'TYPE/WORKSPACE of the listing that contained it';

COMMENT ON COLUMN rejects.page IS 'page of the listing, from 0';

COMMENT ON COLUMN rejects.position IS 'position on the page, from 0';

COMMENT ON COLUMN rejects.reason IS 'the field and why it is invalid';

COMMENT ON COLUMN rejects.record IS 'the record as received, truncated if it is very long';

COMMENT ON COLUMN rejects.record_bytes IS 'length of the whole record';

COMMENT ON COLUMN rejects.record_digest IS 'digest of the whole record';

COMMENT ON COLUMN rejects.rejected_at IS 'observed_at of the first run that received it';

COMMENT ON COLUMN rejects.resolved_at IS 'when the image could be parsed, or the record was gone';

COMMENT ON COLUMN rejects.resolved_run_id IS 'the run that resolved it';

CREATE TABLE removal_attributions (
    source TEXT COLLATE "C" NOT NULL,
    image_id TEXT COLLATE "C" NOT NULL,
    version INTEGER NOT NULL,
    run_id BIGINT NOT NULL,
    attribution TEXT NOT NULL CONSTRAINT ck_removal_attributions_attribution CHECK (attribution = 'exact' or attribution = 'likely' or attribution = 'ambiguous' or attribution = 'none' or attribution = 'refused' or attribution = 'expired'),
    actor_digest TEXT,
    CONSTRAINT pk_removal_attributions PRIMARY KEY (source, image_id, version, run_id)
);

create index ix_removal_attributions_run_id on removal_attributions (run_id);

COMMENT ON TABLE removal_attributions IS 'Results of asking who removed an image, one for each time that it was asked';

COMMENT ON COLUMN removal_attributions.source IS 'name of the source in the configuration';

COMMENT ON COLUMN removal_attributions.image_id IS 'the API''s id, unique within a source';

COMMENT ON COLUMN removal_attributions.version IS 'the version that the removal ended';

COMMENT ON COLUMN removal_attributions.run_id IS 'the run that asked who removed the image';

COMMENT ON COLUMN removal_attributions.attribution IS 'exact, likely, ambiguous, none, refused or expired';

COMMENT ON COLUMN removal_attributions.actor_digest IS 'SHA-256 (hex) of who it was and a salt; null: nobody named';

CREATE TABLE source_fields (
    source TEXT COLLATE "C" NOT NULL,
    field TEXT NOT NULL,
    first_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    run_id BIGINT NOT NULL,
    CONSTRAINT pk_source_fields PRIMARY KEY (source, field)
);

COMMENT ON TABLE source_fields IS 'Unknown fields when they first appear';

COMMENT ON COLUMN source_fields.source IS 'name of the source in the configuration';

COMMENT ON COLUMN source_fields.field IS 'name of a field that the API reference does not document';

COMMENT ON COLUMN source_fields.first_seen_at IS 'observed_at of the first run that received it';

COMMENT ON COLUMN source_fields.run_id IS 'the first run that received it';

CREATE TABLE sync_runs (
    run_id BIGSERIAL NOT NULL,
    kind TEXT NOT NULL CONSTRAINT ck_sync_runs_kind CHECK (kind = 'sync' or kind = 'approve' or kind = 'dismiss' or kind = 'replay' or kind = 'retire'),
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    status TEXT NOT NULL CONSTRAINT ck_sync_runs_status CHECK (status = 'running' or status = 'succeeded' or status = 'partial' or status = 'held' or status = 'failed' or status = 'interrupted' or status = 'abandoned'),
    exit_code INTEGER,
    version TEXT NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    actor TEXT,
    reason TEXT,
    ended_entry BIGINT,
    CONSTRAINT pk_sync_runs PRIMARY KEY (run_id),
    CONSTRAINT ck_sync_runs_end CHECK (status = 'running' or status = 'abandoned' or finished_at is not null)
);

create index ix_sync_runs_run_id on sync_runs (run_id) where ended_entry is null;

create index ix_sync_runs_ended_entry on sync_runs (ended_entry);

COMMENT ON TABLE sync_runs IS 'One row for each run of sync, approve, dismiss, replay-rejects or sources retire';

COMMENT ON COLUMN sync_runs.run_id IS 'number of the run';

COMMENT ON COLUMN sync_runs.kind IS 'sync, approve, dismiss, replay or retire';

COMMENT ON COLUMN sync_runs.started_at IS 'when it began';

COMMENT ON COLUMN sync_runs.finished_at IS 'when it ended; null: still running, or killed';

COMMENT ON COLUMN sync_runs.status IS 'running, succeeded, partial, held, failed, interrupted or abandoned';

COMMENT ON COLUMN sync_runs.exit_code IS 'the process''s exit code';

COMMENT ON COLUMN sync_runs.version IS 'version of image-sync';

COMMENT ON COLUMN sync_runs.host IS 'host that it ran on';

COMMENT ON COLUMN sync_runs.pid IS 'process id';

COMMENT ON COLUMN sync_runs.actor IS 'who decided: of approve, dismiss and retire';

COMMENT ON COLUMN sync_runs.reason IS 'why, in the actor''s words: of approve, dismiss and retire';

COMMENT ON COLUMN sync_runs.ended_entry IS 'log entry that contains how the run ended';

CREATE TABLE event_hashes (
    entry BIGINT NOT NULL,
    hashes BYTEA NOT NULL,
    CONSTRAINT pk_event_hashes PRIMARY KEY (entry),
    CONSTRAINT fk_event_hashes_entry FOREIGN KEY(entry) REFERENCES log_entries (entry)
);

COMMENT ON TABLE event_hashes IS 'Hashes of events: they locate a changed row and make evidence files cheap';

COMMENT ON COLUMN event_hashes.entry IS 'the entry';

COMMENT ON COLUMN event_hashes.hashes IS 'leaf hashes of its events, 32 bytes each, in their order';

CREATE TABLE field_changes (
    image_key BIGINT NOT NULL,
    version INTEGER NOT NULL,
    field TEXT NOT NULL,
    old_value TEXT NOT NULL,
    new_value TEXT NOT NULL,
    run_id BIGINT NOT NULL,
    CONSTRAINT pk_field_changes PRIMARY KEY (image_key, version, field),
    CONSTRAINT fk_field_changes_image_key FOREIGN KEY(image_key) REFERENCES current_images (image_key)
);

create index ix_field_changes_run_id on field_changes (run_id);

COMMENT ON TABLE field_changes IS 'Values that differ between a version and the one before';

COMMENT ON COLUMN field_changes.image_key IS 'the image''s row in current_images';

COMMENT ON COLUMN field_changes.version IS 'the version that brought the new value';

COMMENT ON COLUMN field_changes.field IS 'name of the tracked column';

COMMENT ON COLUMN field_changes.old_value IS 'JSON text of the value before';

COMMENT ON COLUMN field_changes.new_value IS 'JSON text of the value from this version on';

COMMENT ON COLUMN field_changes.run_id IS 'the run that brought the version';

CREATE TABLE past_versions (
    image_key BIGINT NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    image_id TEXT COLLATE "C" NOT NULL,
    version INTEGER NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE,
    opened_run_id BIGINT NOT NULL,
    opened_as TEXT NOT NULL CONSTRAINT ck_past_versions_opened_as CHECK (opened_as = 'added' or opened_as = 'changed' or opened_as = 'restored' or opened_as = 'in_scope'),
    closed_run_id BIGINT,
    closed_as TEXT CONSTRAINT ck_past_versions_closed_as CHECK (closed_as = 'changed' or closed_as = 'removed' or closed_as = 'out_of_scope'),
    last_seen_at TIMESTAMP WITH TIME ZONE,
    listing TEXT,
    name TEXT,
    description TEXT,
    type TEXT,
    status TEXT,
    arch TEXT,
    tag TEXT,
    namespace TEXT,
    workspace_id TEXT,
    visibility TEXT,
    origin TEXT,
    service_type TEXT,
    flavor_type TEXT,
    size BIGINT,
    swr_path TEXT,
    swr_registry TEXT,
    swr_organization TEXT,
    swr_repository TEXT,
    swr_tag TEXT,
    swr_instance_id TEXT,
    show_name TEXT,
    show_tag TEXT,
    status_message TEXT,
    dev_services JSONB,
    resource_categories JSONB,
    tags JSONB,
    created_at TIMESTAMP WITH TIME ZONE,
    updated_at TIMESTAMP WITH TIME ZONE,
    extra JSON NOT NULL,
    CONSTRAINT pk_past_versions PRIMARY KEY (image_key, version),
    CONSTRAINT ck_past_versions_closed CHECK (valid_to is not null and closed_run_id is not null),
    CONSTRAINT ck_past_versions_period CHECK (valid_to >= valid_from),
    CONSTRAINT fk_past_versions_image_key FOREIGN KEY(image_key) REFERENCES current_images (image_key)
);

create index ix_past_versions_source_image_id on past_versions (source, image_id);

create index ix_past_versions_opened_run_id on past_versions (opened_run_id);

create index ix_past_versions_closed_run_id on past_versions (closed_run_id) where closed_as <> 'changed';

create index ix_past_versions_valid_from on past_versions (valid_from);

create index ix_past_versions_swr_path on past_versions using hash (swr_path);

COMMENT ON TABLE past_versions IS 'Earlier versions of images';

COMMENT ON COLUMN past_versions.image_key IS 'the image''s row in current_images';

COMMENT ON COLUMN past_versions.source IS 'name of the source in the configuration';

COMMENT ON COLUMN past_versions.image_id IS 'the API''s id, unique within a source';

COMMENT ON COLUMN past_versions.version IS 'number of the version, from 1';

COMMENT ON COLUMN past_versions.valid_from IS 'observed_at of the run that created this version';

COMMENT ON COLUMN past_versions.valid_to IS 'observed_at of the run that ended it; null: current';

COMMENT ON COLUMN past_versions.opened_run_id IS 'the run that created this version';

COMMENT ON COLUMN past_versions.opened_as IS 'added, changed, restored or in_scope';

COMMENT ON COLUMN past_versions.closed_run_id IS 'the run that ended this version';

COMMENT ON COLUMN past_versions.closed_as IS 'changed, removed or out_of_scope; null: current';

COMMENT ON COLUMN past_versions.last_seen_at IS 'last certified walk that saw it, if later ones did not';

COMMENT ON COLUMN past_versions.listing IS 'TYPE/WORKSPACE of the listing that gave this version';

COMMENT ON COLUMN past_versions.name IS 'the image''s name, without surrounding white space; not unique';

COMMENT ON COLUMN past_versions.description IS 'the image''s description';

COMMENT ON COLUMN past_versions.type IS 'BUILD_IN, DEDICATED, or another value as reported';

COMMENT ON COLUMN past_versions.status IS 'INIT, CREATING, CREATE_FAILED, ERROR, DELETED, ACTIVE, …';

COMMENT ON COLUMN past_versions.arch IS 'processor architecture in lower case: x86_64, aarch64, …';

COMMENT ON COLUMN past_versions.tag IS 'the image''s tag';

COMMENT ON COLUMN past_versions.namespace IS 'SWR organisation, as the API names it';

COMMENT ON COLUMN past_versions.workspace_id IS 'workspace; 0 is the default one';

COMMENT ON COLUMN past_versions.visibility IS 'PRIVATE, PUBLIC, HIDDEN, …';

COMMENT ON COLUMN past_versions.origin IS 'CUSTOMIZE, IMAGE_SAVE, …';

COMMENT ON COLUMN past_versions.service_type IS 'COMMON, INFERENCE, TRAIN, DEV, UNKNOWN, …';

COMMENT ON COLUMN past_versions.flavor_type IS 'ASCEND_SNT9, ASCEND_SNT9B, ASCEND_SNT3, …';

COMMENT ON COLUMN past_versions.size IS 'as reported (documented in KB, observed in bytes)';

COMMENT ON COLUMN past_versions.swr_path IS 'the image''s address in the registry; not unique';

COMMENT ON COLUMN past_versions.swr_registry IS 'of swr_path: host, with the port if it has one';

COMMENT ON COLUMN past_versions.swr_organization IS 'of swr_path: the organisation';

COMMENT ON COLUMN past_versions.swr_repository IS 'of swr_path: the repository';

COMMENT ON COLUMN past_versions.swr_tag IS 'of swr_path: the tag or digest';

COMMENT ON COLUMN past_versions.swr_instance_id IS 'id of the SWR enterprise instance';

COMMENT ON COLUMN past_versions.show_name IS 'display name';

COMMENT ON COLUMN past_versions.show_tag IS 'display tag';

COMMENT ON COLUMN past_versions.status_message IS 'the API''s explanation of the status';

COMMENT ON COLUMN past_versions.dev_services IS 'JSON array of text: NOTEBOOK, SSH, AI_FLOW, …';

COMMENT ON COLUMN past_versions.resource_categories IS 'JSON array of text: CPU, GPU, ASCEND, …';

COMMENT ON COLUMN past_versions.tags IS 'JSON array of {key, value}';

COMMENT ON COLUMN past_versions.created_at IS 'when the image was created, according to the API';

COMMENT ON COLUMN past_versions.updated_at IS 'last update according to the API; not used to detect changes';

COMMENT ON COLUMN past_versions.extra IS 'unknown fields as they came with this version';

CREATE TABLE presence_changes (
    image_key BIGINT NOT NULL,
    run_id BIGINT NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    image_id TEXT COLLATE "C" NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    kind TEXT NOT NULL CONSTRAINT ck_presence_changes_kind CHECK (kind = 'missing' or kind = 'found' or kind = 'listed' or kind = 'relisted'),
    last_seen_at TIMESTAMP WITH TIME ZONE,
    missing_since TIMESTAMP WITH TIME ZONE,
    relisted_as TEXT,
    CONSTRAINT pk_presence_changes PRIMARY KEY (image_key, run_id),
    CONSTRAINT fk_presence_changes_image_key FOREIGN KEY(image_key) REFERENCES current_images (image_key)
);

create index ix_presence_changes_run_id on presence_changes (run_id);

COMMENT ON TABLE presence_changes IS 'How a present image''s listing changed while its version stayed the same';

COMMENT ON COLUMN presence_changes.image_key IS 'the image''s row in current_images';

COMMENT ON COLUMN presence_changes.run_id IS 'the run';

COMMENT ON COLUMN presence_changes.source IS 'name of the source in the configuration';

COMMENT ON COLUMN presence_changes.image_id IS 'the API''s id, unique within a source';

COMMENT ON COLUMN presence_changes.changed_at IS 'observed_at of the run';

COMMENT ON COLUMN presence_changes.kind IS 'missing, found, listed or relisted';

COMMENT ON COLUMN presence_changes.last_seen_at IS 'last certified walk that saw it, if later ones did not';

COMMENT ON COLUMN presence_changes.missing_since IS 'first certified walk without it; null: not missing';

COMMENT ON COLUMN presence_changes.relisted_as IS 'TYPE/WORKSPACE of the listing that shows it instead';

CREATE TABLE source_runs (
    run_id BIGINT NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    status TEXT NOT NULL CONSTRAINT ck_source_runs_status CHECK (status = 'succeeded' or status = 'partial' or status = 'held' or status = 'failed'),
    observed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    endpoint TEXT NOT NULL,
    previous_endpoint TEXT,
    project_id TEXT NOT NULL,
    guard_override TEXT CONSTRAINT ck_source_runs_guard_override CHECK (guard_override = 'accept_removals'),
    certificate TEXT NOT NULL CONSTRAINT ck_source_runs_certificate CHECK (certificate = 'exact' or certificate = 'ordered' or certificate = 'agreed' or certificate = 'none'),
    walks BIGINT NOT NULL,
    pages BIGINT NOT NULL,
    requests BIGINT NOT NULL,
    retries BIGINT NOT NULL,
    reported_total BIGINT NOT NULL,
    seen BIGINT NOT NULL,
    added BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    unchanged BIGINT NOT NULL,
    removed BIGINT NOT NULL,
    restored BIGINT NOT NULL,
    in_scope BIGINT NOT NULL,
    out_of_scope BIGINT NOT NULL,
    held BIGINT NOT NULL,
    missing BIGINT NOT NULL,
    rejected BIGINT NOT NULL,
    present BIGINT NOT NULL,
    walk_detail JSON NOT NULL,
    coverage TEXT,
    error_kind TEXT,
    error_message TEXT,
    error_request_id TEXT,
    component_rules TEXT,
    entry BIGINT,
    CONSTRAINT pk_source_runs PRIMARY KEY (run_id, source),
    CONSTRAINT uq_source_runs_source_observed_at UNIQUE (source, observed_at),
    CONSTRAINT uq_source_runs_entry UNIQUE (entry),
    CONSTRAINT fk_source_runs_run_id FOREIGN KEY(run_id) REFERENCES sync_runs (run_id)
);

COMMENT ON TABLE source_runs IS 'Result of each run for each source';

COMMENT ON COLUMN source_runs.run_id IS 'the run';

COMMENT ON COLUMN source_runs.source IS 'name of the source in the configuration';

COMMENT ON COLUMN source_runs.status IS 'succeeded, partial, held or failed';

COMMENT ON COLUMN source_runs.observed_at IS 'the time that all rows of this run carry';

COMMENT ON COLUMN source_runs.endpoint IS 'URL of the API that the run read; empty: none was read';

COMMENT ON COLUMN source_runs.previous_endpoint IS 'the previous run''s endpoint, if it was another one';

COMMENT ON COLUMN source_runs.project_id IS 'the project that the run read';

COMMENT ON COLUMN source_runs.guard_override IS 'null: the guard applied';

COMMENT ON COLUMN source_runs.certificate IS 'exact, ordered, agreed or none';

COMMENT ON COLUMN source_runs.walks IS 'readings of the source''s listings';

COMMENT ON COLUMN source_runs.pages IS 'pages read';

COMMENT ON COLUMN source_runs.requests IS 'requests sent, including retries and lookups';

COMMENT ON COLUMN source_runs.retries IS 'requests sent again';

COMMENT ON COLUMN source_runs.reported_total IS 'sum of the listings'' total, as last reported';

COMMENT ON COLUMN source_runs.seen IS 'distinct images seen';

COMMENT ON COLUMN source_runs.added IS 'images seen for the first time';

COMMENT ON COLUMN source_runs.changed IS 'images with a changed value';

COMMENT ON COLUMN source_runs.unchanged IS 'images without a change';

COMMENT ON COLUMN source_runs.removed IS 'images that left the catalogue';

COMMENT ON COLUMN source_runs.restored IS 'removed images that came back';

COMMENT ON COLUMN source_runs.in_scope IS 'out_of_scope images that the coverage includes again';

COMMENT ON COLUMN source_runs.out_of_scope IS 'images that the source''s coverage no longer includes';

COMMENT ON COLUMN source_runs.held IS 'removals held by the guard';

COMMENT ON COLUMN source_runs.missing IS 'absent images whose removal is not proven';

COMMENT ON COLUMN source_runs.rejected IS 'records that could not be parsed';

COMMENT ON COLUMN source_runs.present IS 'images in the catalogue after this run';

COMMENT ON COLUMN source_runs.walk_detail IS 'totals, duplicates and restarts of each listing';

COMMENT ON COLUMN source_runs.coverage IS 'digest of the types, workspaces and filters';

COMMENT ON COLUMN source_runs.error_kind IS 'refused, unavailable or broken';

COMMENT ON COLUMN source_runs.error_message IS 'cause of the failure, without secrets';

COMMENT ON COLUMN source_runs.error_request_id IS 'the API''s id of the request that failed';

COMMENT ON COLUMN source_runs.component_rules IS 'digest of the rules that image_components follows';

COMMENT ON COLUMN source_runs.entry IS 'number of the log entry that covers this row and its events';
