"""dlt: `python dlt_scd2.py API_URL DATABASE_URL FOLDER` loads the listing once.

Without arguments, each line of standard input contains the arguments of one load as a JSON object,
and the response is a line: empty, or why the load failed.

Configured as dlt's documentation describes: the REST source with an offset paginator that reads
`total`, and the `scd2` strategy over full extracts, which retires absent rows (a merge key would
prevent that). Lists stay in their row (`max_table_nesting=0`), so that the row hash covers them;
this is also faster than separate tables. FOLDER keeps the pipeline's state between loads.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"

import dlt
from dlt.pipeline.exceptions import PipelineStepFailed
from dlt.sources.rest_api import rest_api_source
from sqlalchemy.engine import make_url

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE_ROWS = 1000


def load(
    api_url: str,
    database_url: str,
    folder: str,
    *,
    page_rows: int = PAGE_ROWS,
    sort: Mapping[str, str] | None = None,
) -> None:
    """One run of the pipeline; `sort` is sent with each request."""
    source = rest_api_source(
        {
            "client": {"base_url": f"{api_url}/"},
            "resources": [
                {
                    "name": "images",
                    "primary_key": "id",
                    "write_disposition": {"disposition": "merge", "strategy": "scd2"},
                    "endpoint": {
                        "path": "images",
                        "params": {"type": "BUILD_IN", "workspace_id": "0", **(sort or {})},
                        "data_selector": "data",
                        "paginator": {
                            "type": "offset",
                            "limit": page_rows,
                            "offset_param": "offset",
                            "limit_param": "limit",
                            "total_path": "total",
                        },
                    },
                }
            ],
        },
        max_table_nesting=0,
    )
    pipeline = dlt.pipeline(
        pipeline_name="images",
        pipelines_dir=folder,
        destination=_destination(database_url),
        dataset_name="main" if database_url.startswith("sqlite") else "dlt",
    )
    pipeline.run(source)


def _destination(database_url: str) -> object:
    if database_url.startswith("sqlite"):
        return dlt.destinations.sqlalchemy(database_url)
    url = make_url(database_url)
    # dlt requires a host and a password; libpq prefers the socket folder in the query, and a server
    # with trust authentication ignores the password.
    url = url.set(
        drivername="postgresql",
        host=url.host or "localhost",
        password=url.password or "unused",
    )
    return dlt.destinations.postgres(url.render_as_string(hide_password=False))


def serve() -> None:
    """Run one load for each line of standard input."""
    for line in sys.stdin:
        failure = ""
        try:
            load(**json.loads(line))
        except PipelineStepFailed as error:
            failure = f"{type(error).__name__}: {error.exception}".replace("\n", " ")
        sys.stdout.write(f"{failure}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1:]:
        load(*sys.argv[1:])
    else:
        serve()
