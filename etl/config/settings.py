"""What can be set: each key with its default, its rule and its line of explanation, once.

`config.example.toml`, `config init`, `config show` and the documentation are made from, or held
against, these tables. Nothing here reads a file or the environment.
"""

from __future__ import annotations

import re
from dataclasses import MISSING, dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from etl.config import rules

if TYPE_CHECKING:
    from etl.config.rules import Rule

SAMPLE_ENDPOINT: Final = "sample:"


def key(
    default: Any = MISSING,
    *,
    text: str,
    rule: Rule = rules.anything,
    secret: bool = False,
    example: Any = None,
) -> Any:
    """A key of the configuration: `rule` says what is wrong with a value, or nothing."""
    metadata = {"text": text, "rule": rule, "secret": secret, "example": example}
    if isinstance(default, tuple | str | int | float | bool):
        return field(default=default, metadata=metadata)
    return field(metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSettings:
    """`[database]`: where the record is kept."""

    url: str = key(
        "sqlite:///images.db",
        text="or postgresql+psycopg://user:${PGPASSWORD}@host/name; in a password, %40 is an @",
        rule=rules.database_url,
        secret=True,
    )
    auto_upgrade: bool = key(True, text="bring the schema to this program's by itself")
    schema: str = key(
        "",
        text="PostgreSQL: the schema to live in; empty: the connection's own",
        rule=rules.schema_name,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """`[http]` and `[source.http]`: how the API is talked to."""

    page_size: int = key(200, text="images asked for on a page", rule=rules.between(1, 100_000))
    concurrency: int = key(
        4, text="page requests in flight, for each source", rule=rules.between(1, 64)
    )
    max_requests_per_second: float = key(0, text="0: no limit", rule=rules.at_least(0))
    timeout_seconds: float = key(
        30, text="to connect, and between two bytes of an answer", rule=rules.above(0, 86_400)
    )
    max_retries: int = key(
        5, text="of one request, after 429, 5xx, a time-out or a cut", rule=rules.between(0, 100)
    )
    max_response_bytes: int = key(
        67_108_864, text="a longer body is refused", rule=rules.at_least(1024)
    )
    ca_bundle: str = key(
        "", text="a file of certificates; TLS is always verified", rule=rules.optional_path
    )
    user_agent_suffix: str = key("", text="added to the User-Agent header", rule=rules.header_value)


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkSettings:
    """`[walk]`: how a source is read."""

    max_walks: int = key(
        4,
        text="readings of a source that does not hold still, before giving up on certifying",
        rule=rules.between(1, 100),
    )
    sort_key: str = key(
        "updateTime", text="dropped for an endpoint that answers it can't sort by it"
    )
    offset_unit: str = key(
        "auto",
        text="auto | record | page: what `offset` counts if responses do not say",
        rule=rules.one_of("auto", "record", "page"),
    )
    max_pages: int = key(
        100_000, text="of one listing; more is paging that never ends", rule=rules.at_least(1)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalSettings:
    """`[removals]`: what proves a removal, and when removals are held."""

    evidence: str = key(
        "lookup", text="lookup | two_walks", rule=rules.one_of("lookup", "two_walks")
    )
    max_lookups: int = key(
        500, text="for each run and source; beyond: two_walks", rule=rules.at_least(0)
    )
    always_allow: int = key(5, text="up to so many removals are never held", rule=rules.at_least(0))
    max_count: int = key(500, text="hold more than this", rule=rules.at_least(0))
    max_percent: float = key(
        10, text="hold more than this share of the source's images", rule=rules.between(0, 100)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifySettings:
    """`[notify]`: who is told how a run went."""

    metrics_file: str = key(
        "", text="Prometheus text for node_exporter, a name that ends with .prom; empty: none"
    )
    ping_url: str = key(
        "",
        text="asked by each sync: URL/start, then URL when all is well, else URL/EXIT_CODE",
        rule=rules.notice_url,
        secret=True,
    )
    webhook_url: str = key(
        "",
        text="where webhook_events are posted, as signed JSON",
        rule=rules.notice_url,
        secret=True,
    )
    webhook_secret: str = key("", text="shared with the receiver; it signs", secret=True)
    webhook_events: tuple[str, ...] = key(
        ("removals", "held", "failed"), text="what is worth a post", rule=rules.events
    )
    timeout_seconds: float = key(
        5, text="of a ping or post: to connect, and between two bytes", rule=rules.above(0, 86_400)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthSettings:
    """`[source.auth]`: how a source lets us in."""

    method: str = key(
        "none",
        text="none | token | password | aksk | agency",
        rule=rules.one_of("none", "token", "password", "aksk", "agency"),
    )
    token: str = key("", text="token: an IAM token", secret=True)
    iam_endpoint: str = key(
        "", text="password: https://iam.{region}.myhuaweicloud.com", rule=rules.optional_url
    )
    domain: str = key("", text="password: the account's name")
    user: str = key("", text="password: the IAM user's name")
    password: str = key("", text="password: the IAM user's password", secret=True)
    project: str = key("", text="password: the project's name, instead of its id")
    project_id: str = key("", text="password: the project's id; default: the source's")
    access_key: str = key(
        "", text="aksk; default: the SDK's and Terraform's variables and file", secret=True
    )
    secret_key: str = key("", text="aksk", secret=True)
    security_token: str = key("", text="aksk: of temporary keys", secret=True)
    metadata_endpoint: str = key(
        "http://169.254.169.254", text="agency: the ECS metadata service", rule=rules.url
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSettings:
    """`[[source]]`: an endpoint, a project and what to read of it."""

    name: str = key(text="stands in every table", rule=rules.source_name, example="sample")
    endpoint: str = key(
        text='"sample:" is the built-in sample; a real one: '
        "https://modelarts.cn-north-4.myhuaweicloud.com",
        rule=rules.endpoint,
        example=SAMPLE_ENDPOINT,
    )
    project_id: str = key(
        text="the project's id, 32 hex digits",
        rule=rules.project_id,
        example="0123456789abcdef0123456789abcdef",
    )
    types: tuple[str, ...] = key(
        ("BUILD_IN", "DEDICATED"), text="each is asked for by itself", rule=rules.types
    )
    workspaces: tuple[str, ...] = key(("*",), text='"*": discovered; or ids', rule=rules.workspaces)
    namespace: str = key("", text="filter of the API: SWR organisation; empty: none")
    name_filter: str = key("", text="filter of the API: name; empty: none")
    name_fuzzy: bool = key(True, text="names that contain name_filter; false: no other than it")
    service_type: str = key(
        "", text="filter of the API: COMMON, INFERENCE, TRAIN, DEV; empty: none"
    )
    auth: AuthSettings = field(default_factory=AuthSettings)
    http: HttpSettings = field(default_factory=HttpSettings)

    @property
    def region(self) -> str:
        """The region that the endpoint's host names; else the host, which serves as well."""
        host = urlsplit(self.endpoint).netloc
        found = re.match(r"modelarts\.([a-z]+-[a-z0-9-]+)\.", host)
        return found[1] if found else host or "sample"


# The template of `[[discover]]` where it says nothing else: a project's name is its account's own.
DISCOVERED: Final = {
    "name": "{project}",
    "endpoint": "https://modelarts.{region}.myhuaweicloud.com",
}
DEFAULT_LABEL: Final = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoverSettings:
    """`[[discover]]`: the projects that credentials may use, each a source by a template.

    The template's name and endpoint hold {project}, {project_id} and {region}.
    """

    label: str = key(
        DEFAULT_LABEL, text="tells one [[discover]] from another", rule=rules.source_name
    )
    iam_endpoint: str = key(
        "https://iam.myhuaweicloud.com", text="who knows the projects", rule=rules.url
    )
    regions: tuple[str, ...] = key(
        text="whose projects are wanted", rule=rules.regions, example=["cn-north-4"]
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
    notify: NotifySettings = field(default_factory=NotifySettings)
    sources: tuple[SourceSettings, ...] = ()
    discover: tuple[DiscoverSettings, ...] = ()
    place: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingSettings:
    """What those who only read the record need: where it is, and who is in it, by name."""

    database: DatabaseSettings
    source_names: tuple[str, ...] = ()
    discover_labels: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
