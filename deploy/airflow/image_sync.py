"""Example DAG for Apache Airflow 3: sync every source each hour, in mapped tasks.

One task lists the sources. Up to MAX_TASKS sources get a task each. Airflow maps a task at most
1,024 times (`core.max_map_length`), so more sources than that are divided into SHARDS shards.

image-sync is not installed in Airflow's environment. The tasks run the command of another
environment, which must exist on every worker; two environment variables name the command and its
configuration. The delay between retries is Airflow's `default_task_retry_delay`.
"""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime

from airflow.sdk import dag, get_current_context, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

MAX_TASKS = 1000
SHARDS = 200
COMMAND = [
    os.environ.get("IMAGE_SYNC_COMMAND", "/opt/image-sync/bin/image-sync"),
    "--config",
    os.environ.get("IMAGE_SYNC_CONFIG", "/etc/image-sync/config.toml"),
]

# Everything that could be applied was applied. Another attempt would end the same way.
REVIEW = {
    3: "partial success: see `image-sync runs --by-source` and `image-sync rejects`",
    30: "removals are held: see `image-sync removals --held`, then `image-sync approve RUN`",
}
# Only a person can fix these. Repeated attempts with a refused access key lock the key.
PERMANENT = {
    2: "usage or configuration error",
    10: "access refused",
    21: "the schema is not current",
    41: "the record is inconsistent",
}


def shares(names: list[str]) -> list[list[str]]:
    """The options of `image-sync sync`, one list per task."""
    if len(names) <= MAX_TASKS:
        return [["--source", name] for name in names]
    return [["--shard", f"{number}/{SHARDS}"] for number in range(1, SHARDS + 1)]


def failed_sources(output: bytes) -> list[str]:
    """The names of the sources that could not be read."""
    return [each["name"] for each in json.loads(output)["sources"] if each["status"] == "failed"]


@dag(
    schedule="17 * * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["image-sync"],
)
def image_sync() -> None:
    @task
    def sources() -> list[list[str]]:
        done = subprocess.run([*COMMAND, "sources", "--output", "json"], stdout=subprocess.PIPE)
        if done.returncode not in (0, 3):  # 3: some projects could not be discovered
            raise AirflowException(f"image-sync sources: exit code {done.returncode}")
        return shares([source["name"] for source in json.loads(done.stdout)])

    @task(retries=2, max_active_tis_per_dagrun=8, map_index_template="{{ share }}")
    def sync(options: list[str]) -> None:
        share = options[-1]
        get_current_context()["share"] = share
        done = subprocess.run(
            [*COMMAND, "sync", "--output", "json", *options], stdout=subprocess.PIPE
        )
        code = done.returncode
        if code == 3 and (failed := failed_sources(done.stdout)):
            # The other sources of the shard are read again, which changes nothing.
            raise AirflowException(f"{share}: not read: {', '.join(failed)}")
        if code in REVIEW:
            raise AirflowSkipException(f"{share}: {REVIEW[code]}")
        if code in PERMANENT:
            raise AirflowFailException(f"{share}: {PERMANENT[code]}")
        if code:
            raise AirflowException(f"{share}: exit code {code}")

    sync.expand(options=sources())


image_sync()
