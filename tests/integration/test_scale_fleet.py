"""Three hosts share the sources of one database, and one of them dies in the middle.

Small by default. With HYPOTHESIS_PROFILE=soak it is 200 sources of 500 images, each answer 100 ms
late, and `pytest -s` shows the time that one, two and three hosts take.
"""

import os
import sys
import time
from threading import Event

from tests.support.fake_api import FakeApi
from tests.support.fleet import Fleet
from tests.support.syncing import catalogue

IS_SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
SOURCES, IMAGES, LATE_SECONDS = (200, 500, 0.1) if IS_SOAK else (9, 20, 0)
SILENT = ("--silent-after", "3")
KILLED_AT = 162 if IS_SOAK else 5  # request of the host that dies: it has a source in hand then


def late(_request):
    time.sleep(LATE_SECONDS)


def prepared(tmp_path, api, url):
    fleet = Fleet(tmp_path, endpoint=api.url, database_url=url, sources=SOURCES)
    fleet.command("a", "scale", "init")
    fleet.command("a", "scale", "enqueue")
    return fleet


def assert_all_is_synced(fleet):
    present = "select source, count(*) from images where state = 'present' group by 1 order by 1"
    assert fleet.rows(present) == [(source, IMAGES) for source in fleet.sources]
    assert "broken" not in fleet.command("a", "verify").stdout


def test_three_hosts_share_the_sources_and_one_is_killed(tmp_path, postgres_url):
    with FakeApi(catalogue(IMAGES)) as api:
        fleet = prepared(tmp_path, api, postgres_url)
        asked = []
        killed = Event()

        def watch(request):
            late(request)
            if "host-b" in request.headers.get("user-agent", ""):
                asked.append(request)
                if len(asked) == KILLED_AT:
                    fleet.kill("b")
                    killed.set()
            elif not IS_SOAK:  # few sources: the other hosts must not finish them before
                killed.wait(timeout=20)

        api.before_request = watch
        with fleet.workers("abc", *SILENT):
            seconds = fleet.wait_until_done()
            ended = {host: fleet.end(host) for host in "ac"}
    sys.stdout.write(f"\nthree hosts, one killed: {seconds:.1f} s\n")
    assert {host: code for host, (code, _) in ended.items()} == {"a": 0, "c": 0}, ended
    assert "job requeued" in ended["a"][1] + ended["c"][1]
    assert fleet.rows("select count(*) from sync_runs where status = 'abandoned'") <= [(1,)]
    runs = fleet.rows("select source, count(*) from source_runs group by 1 order by 1")
    assert [source for source, _ in runs] == fleet.sources
    assert sum(count for _, count in runs) <= SOURCES + 1
    assert fleet.rows("select distinct status from source_runs") == [("succeeded",)]
    assert_all_is_synced(fleet)


if IS_SOAK:

    def test_each_further_host_makes_it_faster(tmp_path, databases):
        took = {}
        for hosts in ("a", "ab", "abc"):
            with databases.empty("postgresql") as url, FakeApi(catalogue(IMAGES)) as api:
                api.before_request = late
                folder = tmp_path / hosts
                folder.mkdir()
                fleet = prepared(folder, api, url)
                with fleet.workers(hosts, *SILENT):
                    took[len(hosts)] = fleet.wait_until_done()
                    assert [fleet.end(host)[0] for host in hosts] == [0] * len(hosts)
                assert_all_is_synced(fleet)
        text = ", ".join(f"{hosts} hosts {seconds:.1f} s" for hosts, seconds in took.items())
        sys.stdout.write(f"\n{text}\n")
        assert took[1] > took[2] > took[3]
