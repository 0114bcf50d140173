"""The example DAG in Apache Airflow: twelve sources, one of which fails at first.

It runs if `make test-airflow` has created an environment with Airflow.
"""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.fake_api import FakeApi
from tests.support.fake_api.messages import Response
from tests.support.syncing import catalogue

DAG = Path(__file__).parents[2] / "deploy" / "airflow" / "image_sync.py"
AIRFLOW = os.environ.get("IMAGE_SYNC_TEST_AIRFLOW", "")
SOURCES = 12
FAILING = 7
IMAGES = 20

SOURCE = """
[[source]]
name = "source-{number:02}"
endpoint = "{endpoint}"
project_id = "{number:032x}"
[source.http]
max_retries = 0
"""


@pytest.mark.skipif(not AIRFLOW, reason="Airflow is not installed; run `make test-airflow`")
def test_twelve_sources_succeed_and_the_failing_one_is_retried_alone(tmp_path):
    refused = []

    def fail_once(request):
        if f"{FAILING:032x}" in request.path and not refused:
            refused.append(request)
            return Response(503)
        return None

    with FakeApi(catalogue(IMAGES)) as api:
        api.before_request = fail_once
        sources = (SOURCE.format(number=n, endpoint=api.url) for n in range(1, SOURCES + 1))
        config = tmp_path / "config.toml"
        database = tmp_path / "images.db"
        config.write_text("\n".join([f'[database]\nurl = "sqlite:///{database}"', *sources]))
        output = airflow("dags", "test", "image_sync", home=tmp_path, config=config)
    with sqlite3.connect(database) as connection:
        rows = connection.execute(
            "select source, group_concat(status) from "
            "(select * from source_runs order by run_id) group by source order by source"
        ).fetchall()
    failing = f"source-{FAILING:02}"
    assert len(refused) == 1
    assert {source: states for source, states in rows if source == failing} == {
        failing: "failed,succeeded"
    }, output
    assert [states for source, states in rows if source != failing] == ["succeeded"] * 11, output
    assert "state=success" in output or "DagRunState.SUCCESS" in output, output


def airflow(*arguments, home, config):
    """Airflow's output; it runs in a home directory of its own."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "AIRFLOW_HOME": str(home / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAG.parent),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "1",
        "IMAGE_SYNC_COMMAND": str(Path(sys.executable).parent / "image-sync"),
        "IMAGE_SYNC_CONFIG": str(config),
    }
    for line in (["db", "migrate"], arguments):
        done = subprocess.run(
            [AIRFLOW, *line],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
    return done.stdout
