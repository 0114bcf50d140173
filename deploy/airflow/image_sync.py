"""For Apache Airflow 3: one task lists the sources, and each is synced by a task of its own.

Airflow's environment has nothing of it: the tasks call the command of another
one, which is on every worker. Two variables of the workers' environment say where things are.
How long a retry waits is Airflow's own `default_task_retry_delay`.
"""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime

from airflow.sdk import dag, get_current_context, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

COMMAND = [
    os.environ.get("IMAGE_SYNC_COMMAND", "/opt/image-sync/bin/image-sync"),
    "--config",
    os.environ.get("IMAGE_SYNC_CONFIG", "/etc/image-sync/config.toml"),
]

# Done as far as it could be: a person may look, and trying again helps nobody.
LOOK = {
    3: "done in part: see `image-sync runs --by-source` and `image-sync rejects`",
    30: "removals are held: see `image-sync removals --held`, then `image-sync approve RUN`",
}
# Only a person can mend these. Trying a refused key again and again locks it.
HOPELESS = {2: "usage or configuration", 10: "the source refused us", 21: "schema not at head"}


@dag(
    schedule="17 * * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["image-sync"],
)
def image_sync() -> None:
    @task
    def sources() -> list[str]:
        done = subprocess.run([*COMMAND, "sources", "--output", "json"], stdout=subprocess.PIPE)
        if done.returncode not in (0, 3):  # 3: some projects could not be discovered anew
            raise AirflowException(f"sources: exit code {done.returncode}")
        return [source["name"] for source in json.loads(done.stdout)]

    @task(retries=2, max_active_tis_per_dagrun=8, map_index_template="{{ source }}")
    def sync(source: str) -> None:
        get_current_context()["source"] = source
        code = subprocess.run([*COMMAND, "-q", "sync", "--source", source]).returncode
        if code in LOOK:
            raise AirflowSkipException(f"{source}: {LOOK[code]}")
        if code in HOPELESS:
            raise AirflowFailException(f"{source}: {HOPELESS[code]}")
        if code:
            raise AirflowException(f"{source}: exit code {code}")

    sync.expand(source=sources())


image_sync()
