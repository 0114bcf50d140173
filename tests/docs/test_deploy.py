"""The files under deploy/ are whole: what one part names, another has."""

from __future__ import annotations

import re
from configparser import RawConfigParser
from pathlib import Path

import pytest
import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
SERVICES = [path for path in UNITS if path.suffix == ".service"]


class Unit(RawConfigParser):
    """A unit file: keys keep their case, and may come again."""

    def __init__(self, path):
        super().__init__(strict=False)
        self.read_string(path.read_text())

    def optionxform(self, name):
        return name


def pod():
    job = yaml.safe_load((DEPLOY / "kubernetes" / "cronjob.yaml").read_text())
    return job["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def test_the_pod_mounts_what_it_has_and_reads_what_is_mounted():
    spec = pod()
    (container,) = spec["containers"]
    mounts = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    assert set(mounts) == {each["name"] for each in spec["volumes"]}
    config = container["args"][container["args"].index("--config") + 1]
    assert str(Path(config).parent) == mounts["config"]


def test_kustomize_makes_the_configuration_that_the_pod_mounts():
    spec = pod()
    made = yaml.safe_load((DEPLOY / "kubernetes" / "kustomization.yaml").read_text())
    (generated,) = made["configMapGenerator"]
    (volume,) = [each for each in spec["volumes"] if each["name"] == "config"]
    assert generated["name"] == volume["configMap"]["name"]
    for name in [*made["resources"], *generated["files"]]:
        assert (DEPLOY / "kubernetes" / name).exists()


def test_the_pod_may_do_little():
    spec = pod()
    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["automountServiceAccountToken"] is False
    rights = spec["containers"][0]["securityContext"]
    assert rights["readOnlyRootFilesystem"]
    assert rights["capabilities"] == {"drop": ["ALL"]}
    assert rights["allowPrivilegeEscalation"] is False


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_a_service_is_shut_off_and_reads_the_credential_it_loads(path):
    service = Unit(path)["Service"]
    assert service["NoNewPrivileges"] == service["ProtectHome"] == "yes"
    assert service["ProtectSystem"] == "strict"
    name, _, source = service["LoadCredential"].partition(":")
    assert f"--config %d/{name} " in service["ExecStart"]
    assert source.startswith("/etc/")


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_says_what_it_is_and_a_timer_has_its_service(path):
    unit = Unit(path)
    assert unit["Unit"]["Description"]
    if path.suffix == ".timer":
        assert path.with_suffix(".service").exists()
        assert unit["Install"]["WantedBy"] == "timers.target"


def test_cron_lines_have_times_and_a_user():
    lines = (DEPLOY / "image-sync.cron").read_text().splitlines()
    jobs = [line for line in lines if line and not re.match(r"#|\w+=", line)]
    assert jobs
    for line in jobs:
        assert re.match(r"(?:[\d*/,-]+ ){5}\w+ /\S+/image-sync .*(?<= )-q ", line)


def test_the_container_runs_as_nobody_in_particular():
    text = (DEPLOY / "Dockerfile").read_text()
    known = {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "ENTRYPOINT", "CMD"}
    lines = [line for line in text.replace("\\\n", " ").splitlines() if line[:1] not in {"", "#"}]
    assert {line.split()[0] for line in lines} <= known
    (user,) = [line.split()[1] for line in lines if line.startswith("USER")]
    assert int(user.split(":")[0]) == pod()["securityContext"]["runAsUser"]
