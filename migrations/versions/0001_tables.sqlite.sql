CREATE TABLE checkpoints (
    size INTEGER NOT NULL,
    root TEXT NOT NULL,
    note TEXT NOT NULL,
    created_at TEXT NOT NULL,
    timestamp_token TEXT,
    cosignatures TEXT NOT NULL,
    CONSTRAINT pk_checkpoints PRIMARY KEY (size),
    CONSTRAINT ck_checkpoints_root CHECK (length(root) = 64)
);

CREATE TABLE current_images (
    image_key INTEGER NOT NULL,
    record_digest BLOB NOT NULL,
    fingerprint BLOB NOT NULL,
    state TEXT NOT NULL CONSTRAINT ck_current_images_state CHECK (state = 'present' or state = 'removed' or state = 'out_of_scope'),
    source TEXT NOT NULL,
    image_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    valid_from TEXT NOT NULL,
    valid_to TEXT,
    opened_run_id INTEGER NOT NULL,
    opened_as TEXT NOT NULL CONSTRAINT ck_current_images_opened_as CHECK (opened_as = 'added' or opened_as = 'changed' or opened_as = 'restored' or opened_as = 'in_scope'),
    closed_run_id INTEGER,
    closed_as TEXT CONSTRAINT ck_current_images_closed_as CHECK (closed_as = 'changed' or closed_as = 'removed' or closed_as = 'out_of_scope'),
    last_seen_at TEXT,
    listing TEXT,
    first_seen_at TEXT NOT NULL,
    missing_since TEXT,
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
    dev_services TEXT,
    resource_categories TEXT,
    tags TEXT,
    created_at TEXT,
    updated_at TEXT,
    extra TEXT NOT NULL,
    components TEXT NOT NULL,
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

create index ix_current_images_swr_path on current_images (swr_path);

create index ix_current_images_source_image_id_state on current_images (source, image_id, state) where state <> 'present';

create index ix_current_images_source on current_images (source) where missing_since is not null;

CREATE TABLE discovered_sources (
    source TEXT NOT NULL,
    label TEXT NOT NULL,
    project_id TEXT NOT NULL,
    project_name TEXT NOT NULL,
    region TEXT NOT NULL,
    first_seen_at TEXT NOT NULL,
    vanished_at TEXT,
    CONSTRAINT pk_discovered_sources PRIMARY KEY (source)
);

CREATE TABLE held_removals (
    source TEXT NOT NULL,
    image_id TEXT NOT NULL,
    run_id INTEGER NOT NULL,
    held_at TEXT NOT NULL,
    name TEXT,
    rule TEXT NOT NULL CONSTRAINT ck_held_removals_rule CHECK (rule = 'max_count' or rule = 'max_percent' or rule = 'empty_listing'),
    evidence TEXT NOT NULL CONSTRAINT ck_held_removals_evidence CHECK (evidence = 'lookup_not_found' or evidence = 'lookup_deleted' or evidence = 'listed_deleted' or evidence = 'absent_twice'),
    evidence_detail TEXT NOT NULL,
    released_run_id INTEGER,
    released_at TEXT,
    released_as TEXT CONSTRAINT ck_held_removals_released_as CHECK (released_as = 'removed' or released_as = 'dismissed' or released_as = 'withdrawn'),
    CONSTRAINT pk_held_removals PRIMARY KEY (source, image_id, run_id),
    CONSTRAINT ck_held_removals_released CHECK ((released_at is null) = (released_as is null))
);

create unique index uq_held_removals_source_image_id on held_removals (source, image_id) where released_at is null;

create index ix_held_removals_run_id on held_removals (run_id);

create index ix_held_removals_released_run_id on held_removals (released_run_id) where released_run_id is not null;

CREATE TABLE image_removals (
    source TEXT NOT NULL,
    image_id TEXT NOT NULL,
    name TEXT,
    swr_path TEXT,
    version INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    removed_at TEXT NOT NULL,
    last_seen_at TEXT NOT NULL,
    missing_since TEXT,
    evidence TEXT NOT NULL CONSTRAINT ck_image_removals_evidence CHECK (evidence = 'lookup_not_found' or evidence = 'lookup_deleted' or evidence = 'listed_deleted' or evidence = 'absent_twice'),
    evidence_detail TEXT NOT NULL,
    restored_at TEXT,
    restored_run_id INTEGER,
    attribution TEXT CONSTRAINT ck_image_removals_attribution CHECK (attribution = 'exact' or attribution = 'likely' or attribution = 'ambiguous' or attribution = 'none' or attribution = 'refused' or attribution = 'expired'),
    removed_by TEXT,
    removed_by_kind TEXT CONSTRAINT ck_image_removals_removed_by_kind CHECK (removed_by_kind = 'user' or removed_by_kind = 'agency' or removed_by_kind = 'federated' or removed_by_kind = 'system'),
    removed_via TEXT CONSTRAINT ck_image_removals_removed_via CHECK (removed_via = 'ApiCall' or removed_via = 'ConsoleAction' or removed_via = 'SystemAction'),
    source_ip TEXT,
    trace_id TEXT,
    trace_at TEXT,
    actor_salt TEXT,
    attributed_run_id INTEGER,
    CONSTRAINT pk_image_removals PRIMARY KEY (source, image_id, version),
    CONSTRAINT ck_image_removals_restored CHECK ((restored_at is null) = (restored_run_id is null)),
    CONSTRAINT ck_image_removals_removed_by CHECK (removed_by is null or coalesce(attribution, '') in ('exact', 'likely')),
    CONSTRAINT ck_image_removals_attributed CHECK ((attribution is null) = (attributed_run_id is null))
);

create index ix_image_removals_removed_at on image_removals (removed_at);

create index ix_image_removals_run_id on image_removals (run_id);

create index ix_image_removals_restored_run_id on image_removals (restored_run_id) where restored_run_id is not null;

CREATE TABLE log_entries (
    entry INTEGER NOT NULL,
    kind TEXT NOT NULL CONSTRAINT ck_log_entries_kind CHECK (kind = 'run' or kind = 'prune'),
    run_id INTEGER,
    source TEXT NOT NULL,
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

CREATE TABLE log_state (
    state_id INTEGER NOT NULL,
    origin TEXT NOT NULL,
    size BIGINT NOT NULL,
    frontier TEXT NOT NULL,
    CONSTRAINT pk_log_state PRIMARY KEY (state_id),
    CONSTRAINT ck_log_state_one_row CHECK (state_id = 1)
);

CREATE TABLE prune_checkpoints (
    source TEXT NOT NULL,
    run_id INTEGER NOT NULL,
    observed_at TEXT NOT NULL,
    pruned_at TEXT NOT NULL,
    through_entry BIGINT,
    entry BIGINT,
    CONSTRAINT pk_prune_checkpoints PRIMARY KEY (source)
);

CREATE TABLE rejects (
    reject_id INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    source TEXT NOT NULL,
    image_id TEXT,
    listing TEXT,
    page INTEGER NOT NULL,
    position INTEGER NOT NULL,
    reason TEXT NOT NULL,
    record TEXT NOT NULL,
    record_bytes BIGINT NOT NULL,
    record_digest TEXT NOT NULL,
    rejected_at TEXT NOT NULL,
    resolved_at TEXT,
    resolved_run_id INTEGER,
    CONSTRAINT pk_rejects PRIMARY KEY (reject_id)
);

create unique index uq_rejects_source_record_digest_reason on rejects (source, record_digest, reason) where resolved_at is null;

create index ix_rejects_run_id on rejects (run_id);

create index ix_rejects_resolved_run_id on rejects (resolved_run_id) where resolved_run_id is not null;

CREATE TABLE removal_attributions (
    source TEXT NOT NULL,
    image_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    attribution TEXT NOT NULL CONSTRAINT ck_removal_attributions_attribution CHECK (attribution = 'exact' or attribution = 'likely' or attribution = 'ambiguous' or attribution = 'none' or attribution = 'refused' or attribution = 'expired'),
    actor_digest TEXT,
    CONSTRAINT pk_removal_attributions PRIMARY KEY (source, image_id, version, run_id)
);

create index ix_removal_attributions_run_id on removal_attributions (run_id);

CREATE TABLE source_fields (
    source TEXT NOT NULL,
    field TEXT NOT NULL,
    first_seen_at TEXT NOT NULL,
    run_id INTEGER NOT NULL,
    CONSTRAINT pk_source_fields PRIMARY KEY (source, field)
);

CREATE TABLE sync_runs (
    run_id INTEGER NOT NULL,
    kind TEXT NOT NULL CONSTRAINT ck_sync_runs_kind CHECK (kind = 'sync' or kind = 'approve' or kind = 'dismiss' or kind = 'replay' or kind = 'retire'),
    started_at TEXT NOT NULL,
    finished_at TEXT,
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

CREATE TABLE event_hashes (
    entry INTEGER NOT NULL,
    hashes BLOB NOT NULL,
    CONSTRAINT pk_event_hashes PRIMARY KEY (entry),
    CONSTRAINT fk_event_hashes_entry FOREIGN KEY(entry) REFERENCES log_entries (entry)
);

CREATE TABLE field_changes (
    image_key INTEGER NOT NULL,
    version INTEGER NOT NULL,
    field TEXT NOT NULL,
    old_value TEXT NOT NULL,
    new_value TEXT NOT NULL,
    run_id INTEGER NOT NULL,
    CONSTRAINT pk_field_changes PRIMARY KEY (image_key, version, field),
    CONSTRAINT fk_field_changes_image_key FOREIGN KEY(image_key) REFERENCES current_images (image_key)
);

create index ix_field_changes_run_id on field_changes (run_id);

CREATE TABLE past_versions (
    image_key INTEGER NOT NULL,
    source TEXT NOT NULL,
    image_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    valid_from TEXT NOT NULL,
    valid_to TEXT,
    opened_run_id INTEGER NOT NULL,
    opened_as TEXT NOT NULL CONSTRAINT ck_past_versions_opened_as CHECK (opened_as = 'added' or opened_as = 'changed' or opened_as = 'restored' or opened_as = 'in_scope'),
    closed_run_id INTEGER,
    closed_as TEXT CONSTRAINT ck_past_versions_closed_as CHECK (closed_as = 'changed' or closed_as = 'removed' or closed_as = 'out_of_scope'),
    last_seen_at TEXT,
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
    dev_services TEXT,
    resource_categories TEXT,
    tags TEXT,
    created_at TEXT,
    updated_at TEXT,
    extra TEXT NOT NULL,
    CONSTRAINT pk_past_versions PRIMARY KEY (image_key, version),
    CONSTRAINT ck_past_versions_closed CHECK (valid_to is not null and closed_run_id is not null),
    CONSTRAINT ck_past_versions_period CHECK (valid_to >= valid_from),
    CONSTRAINT fk_past_versions_image_key FOREIGN KEY(image_key) REFERENCES current_images (image_key)
);

create index ix_past_versions_source_image_id on past_versions (source, image_id);

create index ix_past_versions_opened_run_id on past_versions (opened_run_id);

create index ix_past_versions_closed_run_id on past_versions (closed_run_id) where closed_as <> 'changed';

create index ix_past_versions_valid_from on past_versions (valid_from);

create index ix_past_versions_swr_path on past_versions (swr_path);

CREATE TABLE presence_changes (
    image_key INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    source TEXT NOT NULL,
    image_id TEXT NOT NULL,
    changed_at TEXT NOT NULL,
    kind TEXT NOT NULL CONSTRAINT ck_presence_changes_kind CHECK (kind = 'missing' or kind = 'found' or kind = 'listed' or kind = 'relisted'),
    last_seen_at TEXT,
    missing_since TEXT,
    relisted_as TEXT,
    CONSTRAINT pk_presence_changes PRIMARY KEY (image_key, run_id),
    CONSTRAINT fk_presence_changes_image_key FOREIGN KEY(image_key) REFERENCES current_images (image_key)
);

create index ix_presence_changes_run_id on presence_changes (run_id);

CREATE TABLE source_runs (
    run_id INTEGER NOT NULL,
    source TEXT NOT NULL,
    status TEXT NOT NULL CONSTRAINT ck_source_runs_status CHECK (status = 'succeeded' or status = 'partial' or status = 'held' or status = 'failed'),
    observed_at TEXT NOT NULL,
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
    walk_detail TEXT NOT NULL,
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
