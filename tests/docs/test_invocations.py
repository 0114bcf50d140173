"""Every command line that the documentation or `deploy/` shows is accepted by the program."""

from __future__ import annotations

import tomllib

import click
import pytest

from etl.config import read_settings
from tests.support.invocations import ROOT, command_lines, parse

SHOWN = [
    pytest.param(arguments, id=f"{page}: {' '.join(arguments)}")
    for page, arguments in command_lines()
]


@pytest.mark.parametrize("arguments", SHOWN)
def test_a_shown_command_line_is_accepted(arguments):
    if {"--help", "--version"}.isdisjoint(arguments):
        try:
            parse(arguments)
        except click.MissingParameter:  # a sentence may name a command alone
            pass
        except click.BadParameter as error:  # the file in the example does not exist here
            if not (error.param and isinstance(error.param.type, click.Path)):
                raise


@pytest.mark.parametrize("arguments", [["nonsense"], ["sync", "--nonsense"], ["db", "nonsense"]])
def test_an_unknown_command_or_option_is_refused(arguments):
    with pytest.raises(click.UsageError):
        parse(arguments)


def test_command_lines_are_found_in_every_kind_of_file():
    assert {
        "README.md",
        "deploy/Dockerfile",
        "deploy/airflow/image_sync.py",
        "deploy/image-sync.cron",
        "deploy/kubernetes/cronjob.yaml",
        "deploy/systemd/image-sync.service",
    } <= {page for page, _ in command_lines()}


def test_the_configuration_for_kubernetes_is_valid():
    path = ROOT / "deploy" / "kubernetes" / "config.toml"
    assert tomllib.loads(path.read_text())["source"][0]["auth"]["method"] == "aksk"
    assert read_settings(path, environ={"PGPASSWORD": "x"}).sources
