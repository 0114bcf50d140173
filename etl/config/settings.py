"""Every key of the configuration: its default, its rule and its explanation, declared once.

`config.example.toml`, `config init|show|schema`, the checks and the documentation derive from these
classes. Nothing here reads a file or the environment.
"""

from __future__ import annotations

import re
from collections.abc import Mapping  # get_type_hints needs it
from dataclasses import MISSING, dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from etl.config import rules
from etl.config.rules import Rule

SAMPLE_ENDPOINT: Final = "sample:"
NO_FILE: Final = "configuration"  # the place of settings that were not read from a file


def key(
    default: Any = MISSING,
    *,
    text: str,
    rule: Rule = rules.anything,
    secret: bool = False,
    path: bool = False,
    example: Any = None,
) -> Any:
    """A key of the configuration.

    `secret` values are never shown; a `path` is relative to the configuration file; `example` is
    shown where there is no default.
    """
    metadata = {"text": text, "rule": rule, "secret": secret, "path": path, "example": example}
    if isinstance(default, dict):
        return field(default_factory=default.copy, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSettings:
    """`[database]`: where the record is stored."""

    url: str = key(
        "sqlite:///images.db",
        text="or postgresql+psycopg://user:${PGPASSWORD}@host/name; write @ in a password as %40",
        rule=rules.database_url,
        secret=True,
    )
    auto_upgrade: bool = key(True, text="upgrade the schema automatically")
    schema: str = key(
        "", text="PostgreSQL schema; empty: the connection's default", rule=rules.schema_name
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """`[http]` and `[source.http]`: requests to the API."""

    page_size: int = key(200, text="images per page", rule=rules.between(1, 100_000))
    concurrency: int = key(4, text="requests in flight per source", rule=rules.between(1, 64))
    max_requests_per_second: float = key(0, text="0: unlimited", rule=rules.at_least(0))
    timeout_seconds: float = key(
        30, text="to connect, and between two bytes of a response", rule=rules.above(0, 86_400)
    )
    max_retries: int = key(
        5,
        text="per request, after 429, 5xx, a timeout or a lost connection",
        rule=rules.between(0, 100),
    )
    max_response_bytes: int = key(
        67_108_864, text="reject longer responses", rule=rules.at_least(1024)
    )
    ca_bundle: str = key(
        "",
        text="file of CA certificates; TLS certificates are always verified",
        rule=rules.existing_file,
        path=True,
    )
    user_agent_suffix: str = key(
        "", text="appended to the User-Agent header", rule=rules.header_value
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkSettings:
    """`[walk]`: how a source is read."""

    max_walks: int = key(
        4, text="maximum number of reads while a source keeps changing", rule=rules.between(1, 100)
    )
    sort_key: str = key("updateTime", text="ignored if the endpoint rejects it")
    offset_unit: str = key(
        "auto",
        text="auto | record | page: what `offset` counts if responses do not say",
        rule=rules.one_of("auto", "record", "page"),
    )
    max_pages: int = key(
        100_000, text="per listing; more pages count as endless paging", rule=rules.at_least(1)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalSettings:
    """`[removals]`: what proves a removal, and when the guard holds removals."""

    evidence: str = key(
        "lookup", text="lookup | two_walks", rule=rules.one_of("lookup", "two_walks")
    )
    max_lookups: int = key(
        500, text="per run and source; beyond that, two_walks applies", rule=rules.at_least(0)
    )
    always_allow: int = key(
        5, text="never hold this many removals or fewer", rule=rules.at_least(0)
    )
    max_count: int = key(500, text="hold more removals than this", rule=rules.at_least(0))
    max_percent: float = key(
        10,
        text="hold more than this percentage of the source's present images",
        rule=rules.between(0, 100),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofSettings:
    """`[proof]`: how the log of runs is signed and published."""

    origin: str = key(
        "", text="name of the log; empty: generated once and stored", rule=rules.log_origin
    )
    signing_key: str = key(
        "",
        text="PEM file of an Ed25519 key, or ${NAME} with the PEM; empty: unsigned",
        secret=True,
        path=True,
    )
    checkpoint_file: str = key("", text="append every checkpoint to this file", path=True)
    timestamp_url: str = key("", text="RFC 3161 time-stamping authority", rule=rules.optional_url)
    timestamp_ca: str = key(
        "", text="its CA certificates, for `verify`", rule=rules.existing_file, path=True
    )
    witnesses: tuple[str, ...] = key(
        (), text='C2SP witnesses: "VERIFIER_KEY URL"', rule=rules.witnesses
    )
    timeout_seconds: float = key(
        5, text="per request to an authority or a witness", rule=rules.above(0, 86_400)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentSettings:
    """`[components]`: which software is found in images, and when its support ends."""

    file: str = key(
        "",
        text="your own components and end-of-life dates, in addition to the built-in ones",
        rule=rules.existing_file,
        path=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifySettings:
    """`[notify]`: who is notified of a run's result."""

    metrics_file: str = key(
        "", text="Prometheus text for node_exporter, named *.prom; empty: none", path=True
    )
    metrics_labels: Mapping[str, str] = key(
        {}, text="constant labels that distinguish several installations", rule=rules.labels
    )
    pushgateway_url: str = key(
        "", text="Prometheus Pushgateway, for short-lived jobs", rule=rules.optional_url
    )
    ping_url: str = key(
        "",
        text="each sync requests URL/start, then URL on success or URL/EXIT_CODE",
        rule=rules.secret_url,
        secret=True,
    )
    webhook_url: str = key(
        "",
        text="receives webhook_events as signed JSON",
        rule=rules.secret_url,
        secret=True,
    )
    webhook_secret: str = key(
        "", text="shared with the receiver; signs the events", rule=rules.secret, secret=True
    )
    webhook_events: tuple[str, ...] = key(
        ("removals", "held", "failed"), text="events to send", rule=rules.events
    )
    timeout_seconds: float = key(
        5, text="per notification: to connect, and between two bytes", rule=rules.above(0, 86_400)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthSettings:
    """`[source.auth]`: credentials of a source."""

    method: str = key(
        "none",
        text="none | token | password | aksk | agency",
        rule=rules.one_of("none", "token", "password", "aksk", "agency"),
    )
    token: str = key("", text="token: an IAM token", rule=rules.secret, secret=True)
    iam_endpoint: str = key(
        "", text="password: https://iam.{region}.myhuaweicloud.com", rule=rules.optional_host_url
    )
    domain: str = key("", text="password: the account's name")
    user: str = key("", text="password: the IAM user's name")
    password: str = key(
        "", text="password: the IAM user's password", rule=rules.secret, secret=True
    )
    project: str = key("", text="password: the project's name, instead of its id")
    project_id: str = key("", text="password: the project's id; default: the source's")
    access_key: str = key(
        "",
        text="aksk; default: the SDK's and Terraform's variables and file",
        rule=rules.secret,
        secret=True,
    )
    secret_key: str = key("", text="aksk", rule=rules.secret, secret=True)
    security_token: str = key("", text="aksk: of temporary keys", rule=rules.secret, secret=True)
    metadata_endpoint: str = key(
        "http://169.254.169.254", text="agency: the ECS metadata service", rule=rules.host_url
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSettings:
    """`[[source]]`: an endpoint, a project, and which part of it to read."""

    name: str = key(
        text="identifies the source in every table", rule=rules.source_name, example="sample"
    )
    endpoint: str = key(
        text='"sample:" is built in; real: https://modelarts.cn-north-4.myhuaweicloud.com',
        rule=rules.endpoint,
        example=SAMPLE_ENDPOINT,
    )
    project_id: str = key(
        text="32 hexadecimal digits",
        rule=rules.project_id,
        example="0123456789abcdef0123456789abcdef",
    )
    types: tuple[str, ...] = key(
        ("BUILD_IN", "DEDICATED"), text="each is a listing of its own", rule=rules.types
    )
    workspaces: tuple[str, ...] = key(
        ("*",), text='"*": discover; or a list of ids', rule=rules.all_or_workspaces
    )
    namespace: str = key("", text="API filter: SWR organisation; empty: none")
    name_filter: str = key("", text="API filter: name; empty: none")
    name_fuzzy: bool = key(True, text="true: names that contain name_filter; false: exactly it")
    service_type: str = key("", text="API filter: COMMON, INFERENCE, TRAIN, DEV; empty: none")
    actors: str = key(
        "none",
        text="none | cts: ask Cloud Trace Service who removed an image",
        rule=rules.one_of("none", "cts"),
    )
    cts_endpoint: str = key(
        "",
        text="empty: the endpoint with cts. instead of modelarts.",
        rule=rules.optional_host_url,
    )
    auth: AuthSettings = field(default_factory=AuthSettings)
    http: HttpSettings = field(default_factory=HttpSettings)

    @property
    def region(self) -> str:
        """The region in the endpoint's host name, otherwise the host itself."""
        host = urlsplit(self.endpoint).netloc
        found = re.match(r"modelarts\.([a-z]+-[a-z0-9-]+)\.", host)
        return found[1] if found else host or "sample"


# Defaults of the template in `[[discover]]`; the name of a project is unique within its account.
DISCOVERED: Final = {
    "name": "{project}",
    "endpoint": "https://modelarts.{region}.myhuaweicloud.com",
}
DEFAULT_LABEL: Final = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoverSettings:
    """`[[discover]]`: one source for each project that the credentials may use, from a template.

    The template's name and endpoint contain {project}, {project_id} and {region}.
    """

    label: str = key(
        DEFAULT_LABEL, text="distinguishes several [[discover]]", rule=rules.source_name
    )
    iam_endpoint: str = key(
        "https://iam.myhuaweicloud.com", text="lists the projects", rule=rules.host_url
    )
    regions: tuple[str, ...] = key(
        text="regions whose projects are read", rule=rules.regions, example=["cn-north-4"]
    )
    source: SourceSettings = SourceSettings(
        name=DISCOVERED["name"], endpoint=DISCOVERED["endpoint"], project_id=""
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole configuration, complete and checked."""

    database: DatabaseSettings = field(default_factory=DatabaseSettings)
    http: HttpSettings = field(default_factory=HttpSettings)
    walk: WalkSettings = field(default_factory=WalkSettings)
    removals: RemovalSettings = field(default_factory=RemovalSettings)
    proof: ProofSettings = field(default_factory=ProofSettings)
    components: ComponentSettings = field(default_factory=ComponentSettings)
    notify: NotifySettings = field(default_factory=NotifySettings)
    sources: tuple[SourceSettings, ...] = ()
    discover: tuple[DiscoverSettings, ...] = ()
    place: str = NO_FILE
    warnings: tuple[str, ...] = ()

    @property
    def source_names(self) -> tuple[str, ...]:
        """Names of the configured sources, as far as they are valid."""
        return tuple(source.name for source in self.sources if source.name)

    @property
    def discover_labels(self) -> tuple[str, ...]:
        """Labels of all `[[discover]]`."""
        return tuple(each.label for each in self.discover)


SECTIONS: Final[dict[str, type]] = {
    "database": DatabaseSettings,
    "http": HttpSettings,
    "walk": WalkSettings,
    "removals": RemovalSettings,
    "proof": ProofSettings,
    "components": ComponentSettings,
    "notify": NotifySettings,
}
"""The tables of the file that occur once, in the order of the example."""
