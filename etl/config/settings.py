"""Every key of the configuration: its default, its rule and its explanation, declared once.

`config.example.toml`, `config init|show|schema`, the checks and the documentation derive from these
classes. Nothing here reads a file or the environment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping  # get_type_hints needs Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, Final, NamedTuple, get_type_hints
from urllib.parse import urlsplit

from etl.config import rules
from etl.config.rules import Rule

SAMPLE_ENDPOINT: Final = "sample:"
NO_FILE: Final = "configuration"  # the location of settings that were not read from a file
Mask = Callable[[str], str]


class Key(NamedTuple):
    """A key of a table of the file.

    `default` is the example of a required key. `mask` hides what of the value is secret. A path is
    relative to the file. `section` is the class of a key that is a table, or a list of tables.
    """

    attribute: str
    name: str
    type: Any
    text: str = ""
    default: Any = None
    is_required: bool = False
    rule: Rule = rules.anything
    mask: Mask | None = None
    is_path: bool = False
    section: type | None = None
    is_list: bool = False


@cache
def keys_of(section: type) -> tuple[Key, ...]:
    """The keys of a table in the order of the example."""
    types = get_type_hints(section)
    return tuple(
        Key(**{"attribute": each.name, "name": each.name, "type": types[each.name]} | each.metadata)
        for each in fields(section)
        if each.metadata
    )


def key(
    default: Any,
    text: str,
    rule: Rule = rules.anything,
    *,
    mask: Mask | None = None,
    is_path: bool = False,
) -> Any:
    """Declares a key."""
    known = {"default": default, "text": text, "rule": rule, "mask": mask, "is_path": is_path}
    return field(default_factory=lambda: default, metadata=known)


def required(example: Any, text: str, rule: Rule) -> Any:
    """Declares a key without a default."""
    known = {"default": example, "text": text, "rule": rule, "is_required": True}
    return field(metadata=known)


def secret(text: str) -> Any:
    """Declares an optional key whose value is never shown."""
    return key("", text, rules.secret, mask=rules.masked_secret)


def tables(name: str, section: type) -> Any:
    """Declares a list of tables."""
    return field(default=(), metadata={"name": name, "section": section, "is_list": True})


def table(section: type) -> dict[str, Any]:
    """Metadata of a field that is a table."""
    return {"section": section}


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSettings:
    """`[database]`: where the record is stored."""

    url: str = key(
        "sqlite:///images.db",
        "or postgresql+psycopg://user:${PGPASSWORD}@host/name; write @ in a password as %40",
        rules.database_url,
        mask=rules.masked_url,
    )
    auto_upgrade: bool = key(True, "upgrade the schema automatically")
    schema: str = key("", "PostgreSQL schema; empty: the connection's default", rules.schema_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """`[http]` and `[source.http]`: requests to the API."""

    page_size: int = key(200, "images per page", rules.between(1, 100_000))
    concurrency: int = key(4, "requests in flight per source", rules.between(1, 64))
    max_requests_per_second: float = key(0, "0: unlimited", rules.at_least(0))
    timeout_seconds: float = key(
        30,
        "to connect, and between two reads; a response must be complete within four times this",
        rules.above(0, 86_400),
    )
    max_retries: int = key(
        5, "per request, after 429, 5xx, a timeout or a lost connection", rules.between(0, 100)
    )
    max_response_bytes: int = key(67_108_864, "reject longer responses", rules.at_least(1024))
    ca_bundle: str = key(
        "",
        "file of CA certificates; TLS certificates are always verified",
        rules.existing_file,
        is_path=True,
    )
    user_agent_suffix: str = key("", "appended to the User-Agent header", rules.header_value)


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkSettings:
    """`[walk]`: how a source is read."""

    max_walks: int = key(
        4, "maximum number of reads of a listing while it keeps changing", rules.between(1, 100)
    )
    sort_key: str = key("updateTime", "ignored if the endpoint rejects it")
    offset_unit: str = key(
        "auto",
        "auto | record | page: what `offset` counts if responses do not say",
        rules.one_of("auto", "record", "page"),
    )
    max_pages: int = key(
        100_000, "per listing; more pages count as endless paging", rules.at_least(1)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalSettings:
    """`[removals]`: what proves a removal, and when the guard holds removals."""

    evidence: str = key("lookup", "lookup | two_walks", rules.one_of("lookup", "two_walks"))
    max_lookups: int = key(
        500, "per run and source; beyond that, two_walks applies", rules.at_least(0)
    )
    always_allow: int = key(5, "never hold this many removals or fewer", rules.at_least(0))
    max_count: int = key(500, "hold more removals than this", rules.at_least(0))
    max_percent: float = key(
        10, "hold more than this percentage of the source's present images", rules.between(0, 100)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofSettings:
    """`[proof]`: how the log of runs is signed and published."""

    origin: str = key("", "name of the log; empty: generated once and stored", rules.log_origin)
    signing_key: str = key(
        "",
        "PEM file of an Ed25519 key, or ${NAME} with the PEM; empty: unsigned",
        mask=rules.masked_pem,
        is_path=True,
    )
    checkpoint_file: str = key("", "append every checkpoint to this file", is_path=True)
    timestamp_url: str = key("", "RFC 3161 time-stamping authority", rules.url)
    timestamp_ca: str = key(
        "", "its CA certificates, for `verify`", rules.existing_file, is_path=True
    )
    witnesses: tuple[str, ...] = key((), 'C2SP witnesses: "VERIFIER_KEY URL"', rules.witnesses)
    timeout_seconds: float = key(
        5,
        "longest wait after a run for timestamps and cosignatures, all together",
        rules.above(0, 86_400),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentSettings:
    """`[components]`: which software is found in images, and when its support ends."""

    file: str = key(
        "",
        "your own components and end-of-life dates, in addition to the built-in ones",
        rules.existing_file,
        is_path=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifySettings:
    """`[notify]`: who is notified of a run's result."""

    metrics_file: str = key(
        "", "Prometheus text for node_exporter, named *.prom; empty: none", is_path=True
    )
    metrics_labels: Mapping[str, str] = key(
        {}, "constant labels that distinguish several installations", rules.labels
    )
    pushgateway_url: str = key("", "Prometheus Pushgateway, for short-lived jobs", rules.url)
    ping_url: str = key(
        "",
        "each sync requests URL/start, then URL on success or URL/EXIT_CODE",
        rules.secret_url,
        mask=rules.masked_secret,
    )
    webhook_url: str = key(
        "", "receives webhook_events as signed JSON", rules.secret_url, mask=rules.masked_secret
    )
    webhook_secret: str = secret("shared with the receiver; signs the events")
    webhook_events: tuple[str, ...] = key(
        ("removals", "held", "failed"), "events to send", rules.events
    )
    timeout_seconds: float = key(
        5, "per notification: to connect, and between two bytes", rules.above(0, 86_400)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthSettings:
    """`[source.auth]`: credentials of a source."""

    method: str = key(
        "none",
        "none | token | password | aksk | agency",
        rules.one_of("none", "token", "password", "aksk", "agency"),
    )
    token: str = secret("token: an IAM token")
    iam_endpoint: str = key("", "password: https://iam.{region}.myhuaweicloud.com", rules.host_url)
    domain: str = key("", "password: the account's name")
    user: str = key("", "password: the IAM user's name")
    password: str = secret("password: the IAM user's password")
    project: str = key("", "password: the project's name, instead of its id")
    project_id: str = key("", "password: the project's id; default: the source's")
    access_key: str = secret("aksk; default: the SDK's and Terraform's variables and file")
    secret_key: str = secret("aksk")
    security_token: str = secret("aksk: of temporary keys")
    metadata_endpoint: str = key(
        "http://169.254.169.254", "agency: the ECS metadata service", rules.host_url
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSettings:
    """`[[source]]`: an endpoint, a project, and which part of it to read."""

    name: str = required("sample", "identifies the source in every table", rules.source_name)
    endpoint: str = required(
        SAMPLE_ENDPOINT,
        '"sample:" is built in; real: https://modelarts.cn-north-4.myhuaweicloud.com',
        rules.endpoint,
    )
    project_id: str = required(
        "0123456789abcdef0123456789abcdef", "32 hexadecimal digits", rules.project_id
    )
    types: tuple[str, ...] = key(
        ("BUILD_IN", "DEDICATED"), "each is a listing of its own", rules.types
    )
    workspaces: tuple[str, ...] = key(("*",), '"*": discover; or a list of ids', rules.workspaces)
    namespace: str = key("", "API filter: SWR organisation; empty: none")
    name_filter: str = key("", "API filter: name; empty: none")
    name_fuzzy: bool = key(True, "true: names that contain name_filter; false: exactly it")
    service_type: str = key("", "API filter: COMMON, INFERENCE, TRAIN, DEV; empty: none")
    actors: str = key(
        "none",
        "none | cts: ask Cloud Trace Service who removed an image",
        rules.one_of("none", "cts"),
    )
    cts_endpoint: str = key(
        "", "empty: the endpoint with cts. instead of modelarts.", rules.host_url
    )
    auth: AuthSettings = field(default_factory=AuthSettings, metadata=table(AuthSettings))
    http: HttpSettings = field(default_factory=HttpSettings, metadata=table(HttpSettings))

    @property
    def region(self) -> str:
        """The region in the endpoint's host name, otherwise the host itself."""
        host = urlsplit(self.endpoint).netloc
        found = re.match(r"modelarts\.([a-z]+-[a-z0-9-]+)\.", host)
        return found[1] if found else host or "sample"


# Defaults of the template in `[[discover]]`; the name of a project is unique within its account.
TEMPLATE: Final = SourceSettings(
    name="{project}",
    endpoint="https://modelarts.{region}.myhuaweicloud.com",
    project_id="{project_id}",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoverSettings:
    """`[[discover]]`: one source for each project that the credentials may use, from a template.

    The template's name and endpoint contain {project}, {project_id} and {region}.
    """

    label: str = key("default", "distinguishes several [[discover]]", rules.source_name)
    iam_endpoint: str = key("https://iam.myhuaweicloud.com", "lists the projects", rules.host_url)
    regions: tuple[str, ...] = required(
        ("cn-north-4",), "regions whose projects are read", rules.regions
    )
    source: SourceSettings = field(default=TEMPLATE, metadata=table(SourceSettings))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole configuration, complete and checked."""

    database: DatabaseSettings = field(
        default_factory=DatabaseSettings, metadata=table(DatabaseSettings)
    )
    http: HttpSettings = field(default_factory=HttpSettings, metadata=table(HttpSettings))
    walk: WalkSettings = field(default_factory=WalkSettings, metadata=table(WalkSettings))
    removals: RemovalSettings = field(
        default_factory=RemovalSettings, metadata=table(RemovalSettings)
    )
    proof: ProofSettings = field(default_factory=ProofSettings, metadata=table(ProofSettings))
    components: ComponentSettings = field(
        default_factory=ComponentSettings, metadata=table(ComponentSettings)
    )
    notify: NotifySettings = field(default_factory=NotifySettings, metadata=table(NotifySettings))
    sources: tuple[SourceSettings, ...] = tables("source", SourceSettings)
    discover: tuple[DiscoverSettings, ...] = tables("discover", DiscoverSettings)
    location: str = NO_FILE
    warnings: tuple[str, ...] = ()

    @property
    def source_names(self) -> tuple[str, ...]:
        """Names of the configured sources, as far as they are valid."""
        return tuple(source.name for source in self.sources if source.name)

    @property
    def discover_labels(self) -> tuple[str, ...]:
        """Labels of all `[[discover]]`."""
        return tuple(each.label for each in self.discover)
