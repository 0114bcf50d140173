"""Selection of sources for a command: all, a shard, or those named, including discovered ones.

There is a discovered source for each project that IAM shows. A project that IAM no longer shows is
not read, and its images stay as they are. If IAM cannot be reached, the known projects are read,
and the failure counts as a failed source.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from etl.client.credentials import AuthContext, authenticator
from etl.client.http_client import Client, Endpoint
from etl.config import DiscoverSettings, Settings, SourceSettings, rules
from etl.database.engine import translated_errors
from etl.errors import SourceError, UsageError
from etl.extract.projects import Project, fetch_projects
from etl.load.discovered import Discovered, read_discovered, write_discovered
from etl.model import Outcome, WalkFacts
from etl.run_context import RunContext, open_context
from etl.text import require_known

if TYPE_CHECKING:
    from etl.sync_options import Shard

_log = logging.getLogger(__name__)


def refuse_unknown(settings: Settings, names: Sequence[str], *, shard: Shard | None = None) -> None:
    """Raise `UsageError` like `select` before anything is opened, if no project is discovered."""
    if not settings.discover:
        select(settings, names, shard=shard)


def find_sources(
    settings: Settings,
    names: Sequence[str] = (),
    *,
    shard: Shard | None = None,
    writes: bool = False,
) -> tuple[tuple[SourceSettings, ...], tuple[Outcome, ...]]:
    """The sources that a sync would read, and the discoveries that failed.

    `writes` records discovered sources. Raises `UsageError` as `select` does.
    """
    if not settings.discover:
        return select(settings, names, shard=shard), ()
    with open_context(settings, is_read_only=not writes) as context:
        return sources_of(context, names, shard=shard, writes=writes)


def sources_of(
    context: RunContext,
    names: Sequence[str] = (),
    *,
    shard: Shard | None = None,
    writes: bool = False,
) -> tuple[tuple[SourceSettings, ...], tuple[Outcome, ...]]:
    """The selected sources, including discovered ones, and the discoveries that failed."""
    with translated_errors(context.engine):
        context, failed = _with_discovered(context, names, writes=writes)
    if failed and not (names or context.settings.sources):
        return (), failed
    return select(context.settings, names, shard=shard), failed


def select(
    settings: Settings, names: Sequence[str], *, shard: Shard | None = None
) -> tuple[SourceSettings, ...]:
    """The sources with these names, or those of a shard, which may be none.

    Raises `UsageError` for an unknown name, and if there is no source at all.
    """
    if names and shard:
        raise UsageError("--source and --shard cannot be combined")
    by_name = {source.name: source for source in settings.sources}
    if not by_name and settings.discover:
        hint = "check discover.regions and the permissions of the credentials"
        raise UsageError(f"{settings.location}: no project was discovered", hint=hint)
    if not by_name:
        hint = "create a configuration with `image-sync config init`"
        raise UsageError(f"{settings.location}: no [[source]] is configured", hint=hint)
    for name in names:
        require_known("source", name, by_name)
    if names:
        return tuple(by_name[name] for name in dict.fromkeys(names))
    return tuple(each for each in settings.sources if shard is None or shard.has(each.name))


def regions_of(settings: Settings) -> list[str]:
    """All regions in which a source of these settings can be."""
    found = {source.region for source in settings.sources}
    for discover in settings.discover:
        for region in discover.regions:
            main_project = Project(project_id="", project_name=region, region=region)
            endpoint = _filled(discover.source.endpoint, main_project)
            found.add(replace(discover.source, endpoint=endpoint).region)
    return sorted(found)


def _with_discovered(
    context: RunContext, names: Sequence[str] = (), *, writes: bool
) -> tuple[RunContext, tuple[Outcome, ...]]:
    """The context with the discovered sources in its settings, and the discoveries that failed.

    No request is sent if all `names` are known. `writes` records new and vanished projects.
    """
    settings = context.settings
    named = {source.name for source in settings.sources}
    if not settings.discover or (names and named.issuperset(names)):
        return context, ()
    known: list[Discovered] = []
    if context.has_schema:
        with context.engine.connect() as connection, connection.begin():
            known = read_discovered(connection)
    remembered = list(_remembered(settings.discover, known))
    if names and named.union(each.source for each in remembered).issuperset(names):
        return _with(context, remembered), ()
    search = _Search(context, known)
    for discover in settings.discover:
        search.fetch(discover)
    if writes:
        _note(search)
    return _with(context, search.found.values()), tuple(search.failures)


@dataclass(slots=True)
class _Search:
    """The projects found so far, by the name of their source, and what failed."""

    context: RunContext
    known: Sequence[Discovered]
    found: dict[str, Discovered] = field(default_factory=dict)
    searched: set[tuple[str, str]] = field(default_factory=set)
    failures: list[Outcome] = field(default_factory=list)

    def fetch(self, discover: DiscoverSettings) -> None:
        """Add the projects that IAM shows; if it cannot be reached, those that were known."""
        try:
            projects = _fetch(discover, self.context)
        except SourceError as error:
            self._fail(discover, error, kind=error.kind)
            if error.status != HTTPStatus.UNAUTHORIZED:  # repeated failures lock a refused key
                self._take(_remembered([discover], self.known))
            return
        self.searched.update((discover.label, region) for region in discover.regions)
        names = {(each.label, each.project_id): each.source for each in self.known}
        taken = {each.name for each in self.context.settings.sources} | set(names.values())
        for project in projects:
            name = names.get((discover.label, project.project_id))
            if name is None:
                name = _filled(discover.source.name, project)
                if name in taken or rules.source_name.check(name):
                    self._refuse(discover, project, name)
                    continue
                taken.add(name)
            self._take([Discovered(source=name, label=discover.label, **asdict(project))])

    def _take(self, found: Iterable[Discovered]) -> None:
        self.found.update((each.source, each) for each in found)

    def _refuse(self, discover: DiscoverSettings, project: Project, name: str) -> None:
        message = f"project {project.project_id} cannot be source {name!r}: the name is taken"
        hint = "put {project_id} into discover.source.name; known sources keep their names"
        self._fail(discover, UsageError(message, hint=hint), kind="configuration")

    def _fail(self, discover: DiscoverSettings, error: SourceError | UsageError, kind: str) -> None:
        self.failures.append(
            Outcome(
                name=f"discover {discover.label}",
                status="failed",
                observed_at=self.context.now(),
                facts=WalkFacts(),
                error_kind=kind,
                error_message=str(error),
                error_request_id=getattr(error, "request_id", ""),
                error_exit_code=error.exit_code,
            )
        )


def _fetch(discover: DiscoverSettings, context: RunContext) -> list[Project]:
    """A region's own project has its name, so that a password gets its token for that one."""
    http = discover.source.http
    auth = authenticator(
        replace(discover.source.auth, project=discover.regions[0]),
        AuthContext(f"discover {discover.label!r}", "", http, context.now, context.hosts),
    )
    endpoint = Endpoint(discover.iam_endpoint, "iam_endpoint")
    with closing(
        Client(endpoint, auth=auth, http=http, clock=context.now, hosts=context.hosts)
    ) as client:
        return fetch_projects(client, discover.regions)


def _remembered(
    discovers: Iterable[DiscoverSettings], known: Iterable[Discovered]
) -> Iterable[Discovered]:
    """What was found before and had not vanished, as far as it is still wanted."""
    wanted = {(each.label, region) for each in discovers for region in each.regions}
    return (each for each in known if (each.label, each.region) in wanted and not each.vanished_at)


def _note(search: _Search) -> None:
    with search.context.engine.connect() as connection:
        gone = write_discovered(
            connection,
            search.found.values(),
            known=search.known,
            searched=search.searched,
            now=search.context.now(),
        )
    for each in gone:
        _log.warning(
            "project vanished", extra={"project_id": each.project_id, "source": each.source}
        )


def _with(context: RunContext, found: Iterable[Discovered]) -> RunContext:
    """Sources of the configuration first; a project that one of them reads is not read twice."""
    settings = context.settings
    read = {(source.endpoint, source.project_id) for source in settings.sources}
    templates = {each.label: each.source for each in settings.discover}
    made = (_source(templates[each.label], each) for each in found)
    new = tuple(each for each in made if (each.endpoint, each.project_id) not in read)
    return replace(context, settings=replace(settings, sources=(*settings.sources, *new)))


def _source(template: SourceSettings, found: Discovered) -> SourceSettings:
    endpoint = _filled(template.endpoint, found)
    return replace(template, name=found.source, endpoint=endpoint, project_id=found.project_id)


def _filled(template: str, project: Project | Discovered) -> str:
    return (
        template.replace("{project}", project.project_name)
        .replace("{project_id}", project.project_id)
        .replace("{region}", project.region)
    )
