"""The files under deploy/ parse, agree with each other and grant few privileges."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from configparser import RawConfigParser
from pathlib import Path

import pytest
import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
SERVICES = [path for path in UNITS if path.suffix == ".service"]


class Unit(RawConfigParser):
    """A systemd unit file: keys are case-sensitive and may be repeated."""

    def __init__(self, path):
        super().__init__(strict=False)
        self.read_string(path.read_text())

    def optionxform(self, name):
        return name


def documents(name):
    """The objects of a YAML file."""
    return list(yaml.safe_load_all((DEPLOY / "kubernetes" / name).read_text()))


def job():
    (cron_job,) = documents("cronjob.yaml")
    return cron_job["spec"]["jobTemplate"]["spec"]


def pod():
    return job()["template"]["spec"]


def pods():
    """Each pod of the example with its file."""
    gateway = next(each for each in documents("pushgateway.yaml") if each["kind"] == "Deployment")
    return [
        pytest.param(pod(), id="cronjob.yaml"),
        pytest.param(gateway["spec"]["template"]["spec"], id="pushgateway.yaml"),
    ]


def test_the_pod_mounts_its_volumes_and_reads_the_mounted_configuration():
    spec = pod()
    (container,) = spec["containers"]
    mounts = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    assert set(mounts) == {each["name"] for each in spec["volumes"]}
    config = container["args"][container["args"].index("--config") + 1]
    assert str(Path(config).parent) == mounts["config"]


def test_kustomize_generates_the_configuration_that_the_pod_mounts():
    (kustomization,) = documents("kustomization.yaml")
    (generated,) = kustomization["configMapGenerator"]
    (volume,) = [each for each in pod()["volumes"] if each["name"] == "config"]
    assert generated["name"] == volume["configMap"]["name"]
    for name in [*kustomization["resources"], *generated["files"]]:
        assert (DEPLOY / "kubernetes" / name).exists()


@pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not installed")
def test_kustomize_builds_the_example():
    done = subprocess.run(
        ["kubectl", "kustomize", str(DEPLOY / "kubernetes")],
        capture_output=True,
        text=True,
        check=True,
    )
    kinds = [each["kind"] for each in yaml.safe_load_all(done.stdout)]
    assert sorted(kinds) == ["ConfigMap", "CronJob", "Deployment", "Service"]


@pytest.mark.parametrize("spec", pods())
def test_a_pod_has_few_privileges_and_bounded_resources(spec):
    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["automountServiceAccountToken"] is False
    (container,) = spec["containers"]
    rights = container["securityContext"]
    assert rights["readOnlyRootFilesystem"]
    assert rights["capabilities"] == {"drop": ["ALL"]}
    assert rights["allowPrivilegeEscalation"] is False
    assert {"cpu", "memory"} <= set(container["resources"]["requests"])
    assert "memory" in container["resources"]["limits"]


def test_kubernetes_does_not_retry_results_that_a_person_must_look_at():
    (rule,) = job()["podFailurePolicy"]["rules"]
    assert rule["action"] == "FailJob"
    assert {2, 10, 21, 30} <= set(rule["onExitCodes"]["values"])
    assert pod()["restartPolicy"] == "Never"  # podFailurePolicy requires it


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_a_service_runs_as_an_unprivileged_user_in_its_own_directory(path):
    service = Unit(path)["Service"]
    assert service["User"] == service["Group"] == "imagesync"
    assert service["NoNewPrivileges"] == service["ProtectHome"] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["WorkingDirectory"] == f"%S/{service['StateDirectory']}"
    assert " --config /etc/image-sync/config.toml " in service["ExecStart"]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_has_a_description_and_a_timer_has_its_service(path):
    unit = Unit(path)
    assert unit["Unit"]["Description"]
    if path.suffix == ".timer":
        assert path.with_suffix(".service").exists()
        assert unit["Install"]["WantedBy"] == "timers.target"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_accepts_the_units(tmp_path):
    for path in UNITS:
        text = re.sub(r"/opt/image-sync/bin/image-sync", "/bin/true", path.read_text())
        (tmp_path / path.name).write_text(text)
    units = map(str, sorted(tmp_path.iterdir()))
    done = subprocess.run(
        ["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_cron_lines_have_times_and_a_user_and_are_quiet_on_success():
    lines = (DEPLOY / "image-sync.cron").read_text().splitlines()
    jobs = [line for line in lines if line and not re.match(r"#|\w+=", line)]
    assert jobs
    for line in jobs:
        assert re.match(r"(?:[\d*/,-]+ ){5}imagesync /\S+/image-sync .*(?<= )-q ", line)


def instructions():
    """The instructions of the Dockerfile, continued lines joined."""
    text = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
    return [line.split(maxsplit=1) for line in text.splitlines() if line[:1] not in {"", "#"}]


def test_the_container_runs_as_an_arbitrary_unprivileged_user():
    known = {"ARG", "FROM", "LABEL", "WORKDIR", "COPY", "RUN", "ENV", "USER", "ENTRYPOINT", "CMD"}
    assert {name for name, _ in instructions()} <= known
    (user,) = [value for name, value in instructions() if name == "USER"]
    assert int(user.split(":")[0]) == pod()["securityContext"]["runAsUser"]


def test_every_container_image_is_pinned_to_a_release():
    (base,) = [value for name, value in instructions() if name == "ARG"]
    images = [container["image"] for each in pods() for container in each.values[0]["containers"]]
    for image in [base.partition("=")[2], *images]:
        assert re.search(r":v?\d+\.\d+\.\d+", image), image


def test_the_container_build_gets_everything_that_the_wheel_needs():
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    allowed = {line[1:] for line in ignored if line.startswith("!")}
    project = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = [*wheel["packages"], *wheel["force-include"], *wheel["shared-data"]]
    assert {path.split("/")[0] for path in needed} <= allowed
    assert {project["project"]["readme"], *project["project"]["license-files"]} <= allowed
