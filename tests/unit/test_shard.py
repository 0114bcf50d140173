"""Shards of the sources: each source in exactly one, for good, whatever else comes or goes."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.config import Settings, SourceSettings
from etl.errors import UsageError
from etl.sources.selection import select
from etl.sync_options import Shard, parse_shard, shard_key

PROJECT = "0123456789abcdef0123456789abcdef"
names = st.sets(st.text(min_size=1, max_size=20), min_size=1, max_size=30)


def settings(*names):
    return Settings(
        sources=tuple(
            SourceSettings(name=name, endpoint="sample:", project_id=PROJECT) for name in names
        )
    )


def shards(names, count):
    """The names of each shard."""
    configured = settings(*names)
    return [
        {each.name for each in select(configured, (), shard=Shard(number, count))}
        for number in range(1, count + 1)
    ]


@given(names, st.integers(1, 9))
def test_every_source_is_in_exactly_one_shard(names, count):
    found = shards(names, count)
    assert set().union(*found) == names
    assert sum(map(len, found)) == len(names)


@given(names, st.text(min_size=1, max_size=20), st.integers(1, 9))
def test_a_new_source_moves_none_of_the_others(names, new, count):
    before, after = shards(names, count), shards(names | {new}, count)
    assert [shard - {new} for shard in after] == [shard - {new} for shard in before]


def test_the_shard_of_a_source_is_the_same_in_every_process_and_release():
    assert shard_key("beijing") == 259780164463717
    ask = "from etl.sync_options import shard_key; print(shard_key('北京'))"
    keys = {
        subprocess.run(
            [sys.executable, "-c", ask],
            env={"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert keys == {f"{shard_key('北京')}\n".encode()}


def test_many_sources_spread_evenly():
    sizes = [len(shard) for shard in shards({f"source {n}" for n in range(600)}, 3)]
    assert min(sizes) > 160


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "1/", "/2", "-1/2", "1/0", "a/b", "1/2/3", ""])
def test_an_invalid_shard(text):
    with pytest.raises(UsageError, match="expected K/N with 1 ≤ K ≤ N"):
        parse_shard(text)


def test_the_text_of_a_shard():
    assert (parse_shard("2/3"), str(Shard(2, 3))) == (Shard(2, 3), "2/3")


def test_source_and_shard_exclude_each_other():
    with pytest.raises(UsageError, match="--source and --shard cannot be combined"):
        select(settings("a"), ["a"], shard=Shard(1, 1))


@pytest.mark.parametrize(
    ("endpoint", "region"),
    [
        ("https://modelarts.cn-north-4.myhuaweicloud.com", "cn-north-4"),
        ("https://modelarts.eu-west-101.myhuaweicloud.eu", "eu-west-101"),
        ("http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("https://modelarts.example.com", "modelarts.example.com"),
        ("sample:", "sample"),
    ],
)
def test_the_region_of_a_source(endpoint, region):
    assert SourceSettings(name="a", endpoint=endpoint, project_id=PROJECT).region == region
