"""Components are recognised in names, tags, repositories and descriptions; nothing is guessed."""

from __future__ import annotations

import re
import time
from datetime import date
from pathlib import Path

import msgspec
import pytest

from etl.errors import ConfigError
from etl.model import Image
from etl.transform.components import (
    ComponentRules,
    Word,
    builtin_rules,
    builtin_tables,
    extended_tables,
)
from etl.transform.fields import swr_parts

# Name, repository and tag of the images in the API reference's example; descriptions shortened.
CP36, CP37 = "python 3.6", "python 3.7"
REFERENCE = [
    (
        "pytorch1.4-cuda10.1-cudnn7-ubuntu18.04",
        "notebook2.0-pytorch-1.4-kernel-cp37:3.3.3-B003-20211220",
        "CPU and GPU, AI engine PyTorch1.4",
        f"cuda 10.1, cudnn 7, {CP37}, pytorch 1.4, ubuntu 18.04",
    ),
    (
        "tensorflow2.1-cuda10.1-cudnn7-ubuntu18.04",
        "notebook2.0-tensorflow-2.1-kernel-cp37:3.3.3-B005-20211227",
        "AI engine TensorFlow2.1",
        f"cuda 10.1, cudnn 7, {CP37}, tensorflow 2.1, ubuntu 18.04",
    ),
    (
        "mindspore1.2.0-cuda10.1-cudnn7-ubuntu18.04",
        "notebook2.0-mindspore-kernel-gpu-cp37:3.3.3-B003-20211220",
        "the AI engine MindSpore-GPU",
        f"cuda 10.1, cudnn 7, mindspore 1.2.0, {CP37}, ubuntu 18.04",
    ),
    (
        "mindspore1.2.0-openmpi2.1.1-ubuntu18.04",
        "notebook2.0-mindspore-kernel-cpu-cp37:3.3.3-B003-20211220",
        "the AI engine MindSpore-CPU",
        f"mindspore 1.2.0, openmpi 2.1.1, {CP37}, ubuntu 18.04",
    ),
    (
        "mlstudio-pyspark2.3.2-ubuntu16.04",
        "notebook2.0-mlstudio-cp36:3.3.1.9",
        "the MLStudio tool, PySpark 2.3.2",
        f"mlstudio, pyspark 2.3.2, {CP36}, ubuntu 16.04",
    ),
    (
        "mlstudio-pyspark2.4.5-ubuntu18.04",
        "notebook2.0-mlstudio-cp37:3.3.3-B003-20211220",
        "the MLStudio tool, PySpark 2.4.5",
        f"mlstudio, pyspark 2.4.5, {CP37}, ubuntu 18.04",
    ),
    (
        "modelbox1.1.1.5-tensorrt7.1.3-pytorch1.9.1-cuda10.2-cudnn8-euler2.9.6",
        "modelarts-aiflow-gpu-x86:1.1.2.1",
        "ModelBox, AI engine PyTorch, TensorRT and TensorFlow, only SSH",
        "cuda 10.2, cudnn 8, euleros 2.9.6, modelbox 1.1.1.5, pytorch 1.9.1, tensorflow, "
        "tensorrt 7.1.3",
    ),
    (
        "pytorch_1.4-move-modelarts_develop",
        "notebook2.0-pytorch-1-4-kernel-cp37:devel-pytorch_1.4-move-modelarts_develop-v4",
        "pytorch_1.4-move-modelarts_develop",
        f"{CP37}, pytorch 1.4",
    ),
    (
        "tensorflow-1.13-cuda10.0",
        "notebook2.0-tensorflow-1.13-kernel-cp37:3.3.1.release",
        "tensorflow-1.13-cuda10.0",
        f"cuda 10.0, {CP37}, tensorflow 1.13",
    ),
    (
        "pytorch1.8-cuda10.2-cudnn7-ubuntu18.04",
        "notebook2.0-pytorch-1.8-kernel-cp37:3.3.3-B003-20211220",
        "AI engine PyTorch1.8",
        f"cuda 10.2, cudnn 7, {CP37}, pytorch 1.8, ubuntu 18.04",
    ),
    (
        "notebook2.0-mul-kernel-cpu-cp36",
        "notebook2.0-mul-kernel-gpu-cp36:3.3.3-B003-20211220",
        "MXNet-1.2.1, PySpark-2.3.2, Pytorch-1.0.0, TensorFlow-1.13.1, TensorFlow-1.8, "
        "XGBoost-Sklearn",
        f"mxnet 1.2.1, pyspark 2.3.2, {CP36}, pytorch 1.0.0, scikit-learn, tensorflow 1.13.1, "
        "tensorflow 1.8, xgboost",
    ),
    (
        "tensorflow1.13-cuda10.0-cudnn7-ubuntu18.04",
        "notebook2.0-tensorflow-1.13-kernel-cp37:3.3.3-B003-20211220",
        "AI engine TensorFlow1.13.1",
        f"cuda 10.0, cudnn 7, {CP37}, tensorflow 1.13.1, ubuntu 18.04",
    ),
    (
        "user_define_base",
        "user_defined_base:ubuntu_18.04-x86_64-20211028190608-439572b",
        "user_define_base",
        "ubuntu 18.04",
    ),
    (
        "user_define_base_cuda10.2",
        "user_defined_base:cuda_10.2-ubuntu_18.04-x86_64-20211028190608-439572b",
        "user_define_base_cuda10.2",
        "cuda 10.2, ubuntu 18.04",
    ),
    (
        "cylp0.91.4-cbcpy2.10-ortools9.0-cplex20.1.0-ubuntu18.04",
        "or-cpu:1.0.8",
        "cylp, cbcpy, ortools, cplex(community).",
        "cbcpy 2.10, cplex 20.1.0, cylp 0.91.4, ortools 9.0, ubuntu 18.04",
    ),
    (
        "rlstudio1.0.0-ray1.3.0-cuda10.1-ubuntu18.04",
        "notebook2.0-rl-1.0.0-kernel-cp37:rl-v220211130",
        "AI engine ray for reinforcement learning.",
        f"cuda 10.1, {CP37}, ray 1.3.0, rlstudio 1.0.0, ubuntu 18.04",
    ),
    (
        "mls-feature-engineering",
        "notebook2.0-mul-kernel-mls-feature-engineering-cpu-py37:3.2.01090103",
        None,
        CP37,
    ),
    (
        "dls-feature-engineering",
        "notebook2.0-mul-kernel-dls-feature-engineering-cpu-py37:2.0.109",
        None,
        CP37,
    ),
]


# Preset images of 2026: [framework-]engine-cann-python-system-architecture-chip.
PRESETS = {
    "mindspeed_llm_2.2.0-pytorch_2.7.1-cann_8.2.rc2-py_3.11-hce_2.0.2509-aarch64-snt9b": (
        "cann 8.2.rc2, chip snt9b, hce 2.0.2509, mindspeed-llm 2.2.0, python 3.11, pytorch 2.7.1"
    ),
    "veomni_0.1.4-pytorch_2.7.1-cann_8.3.rc1-py_3.11-hce_2.0.2509-aarch64-snt9b23": (
        "cann 8.3.rc1, chip snt9b23, hce 2.0.2509, python 3.11, pytorch 2.7.1, veomni 0.1.4"
    ),
    "verl_0.4.1-pytorch_2.6.0-cann_8.2.rc1-py_3.11-euler_2.10.11-aarch64-snt9b": (
        "cann 8.2.rc1, chip snt9b, euleros 2.10.11, python 3.11, pytorch 2.6.0, verl 0.4.1"
    ),
    "areal_0.3.4-pytorch_2.7.1-cann_8.3.rc1-py_3.11-hce_2.0.2509-aarch64-snt9b23": (
        "areal 0.3.4, cann 8.3.rc1, chip snt9b23, hce 2.0.2509, python 3.11, pytorch 2.7.1"
    ),
    "vllm_ascend_0.9.1-pytorch_2.5.1-cann_8.1.rc1-py_3.10-hce_2.0.2503-aarch64-snt3p": (
        "cann 8.1.rc1, chip snt3p, hce 2.0.2503, python 3.10, pytorch 2.5.1, vllm-ascend 0.9.1"
    ),
    "mindspore_2.7.0-cann_8.3.rc1-py_3.11-hce_2.0.2509-aarch64-snt9b23-20251110": (
        "cann 8.3.rc1, chip snt9b23, hce 2.0.2509, mindspore 2.7.0, python 3.11"
    ),
}


def recognised(image: Image, rules: ComponentRules | None = None) -> str:
    found = (rules or builtin_rules()).components(image)
    return ", ".join(" ".join(filter(None, pair)) for pair in found)


@pytest.mark.parametrize(("name", "expected"), PRESETS.items())
def test_every_part_of_a_preset_name_is_recognised(name: str, expected: str) -> None:
    assert recognised(Image("x", name=name)) == expected


@pytest.mark.parametrize(("name", "path", "description", "expected"), REFERENCE)
def test_the_reference_example(
    name: str, path: str, description: str | None, expected: str
) -> None:
    _, _, repository, tag = swr_parts(f"swr.example.com/atelier/{path}")
    image = Image(
        "x", name=name, tag=tag, swr_repository=repository, swr_tag=tag, description=description
    )
    assert recognised(image) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("nothing to see", ""),
        # spellings and separators
        ("PyTorch 1.8", "pytorch 1.8"),
        ("PyTorch: v1.8, torch==2.1.0+cu118", "cuda 11.8, pytorch 1.8, pytorch 2.1.0"),
        ("tensorflow-gpu-1.15 tf2.4", "tensorflow 1.15, tensorflow 2.4"),
        ("mindspore_1_7_0-py_3.7", "mindspore 1.7.0, python 3.7"),
        ("pytorch-1-4-kernel", "pytorch 1.4"),
        ("or-tools 9.0, open-mpi 4", "openmpi 4, ortools 9.0"),
        ("EulerOS 2.8, openEuler 22.03", "euleros 2.8, openeuler 22.03"),
        ("Anaconda, scikit_learn-0.24", "conda, scikit-learn 0.24"),
        ("mindspore-lite 2.0", "mindspore-lite 2.0"),
        ("torch_npu2.1.0.post3", "torch-npu 2.1.0.post3"),
        # run together, by their makers' rules
        ("cp310 py38 py3 python3.9.1", "python 3.10, python 3.8, python 3.9.1"),
        ("cuda102-ubuntu1804", "cuda 10.2, ubuntu 18.04"),
        # versions of early releases
        ("CANN 7.0.RC1", "cann 7.0.rc1"),
        ("cann_8.3.rc1, CANN 8.3.RC1", "cann 8.3.rc1"),
        ("cann_8.0.rc1.alpha002", "cann 8.0.rc1"),
        ("torch2.0a1 ubuntu20.04LTS", "pytorch 2.0a1, ubuntu 20.04"),
        ("İ CANN 7.0.RC1", "cann 7.0.rc1"),
        # the longer one of those that agree
        ("pytorch pytorch1 pytorch1.8 PyTorch 1.8.0", "pytorch 1.8.0"),
        ("pytorch1.8 pytorch1.80", "pytorch 1.8, pytorch 1.80"),
        ("cann7.0 cann7.0-rc1", "cann 7.0-rc1"),
        # not recognised
        ("array of x-rays, ray tracing", ""),
        ("areal density, the Verlag, snt9b2, usnt9b, snt9bx, HCE", ""),
        ("Huawei Cloud EulerOS 2.0", "hce 2.0"),
        ("snt9b-2.0 SNT9B23", "chip snt9b, chip snt9b23"),
        ("numpy1.2 barcuda supercuda10.2 cudart10", ""),
        ("mindspore-1-20211220 pytorch_1_8x", "mindspore 1, pytorch 1"),
        ("pytorch-20211220 mlstudio-2021", "mlstudio, pytorch"),
        ("ubuntu 64-bit", "ubuntu"),
        ("python2x faster", "python"),
        ("copy, cp a b, py", ""),
        ("sparks fly; spark", ""),
        ("PyTorch 1.8.x", "pytorch 1.8"),
        ("Python 3.", "python 3"),
    ],
)
def test_a_text(text: str, expected: str) -> None:
    assert recognised(Image("x", description=text)) == expected


def test_registry_and_organisation_do_not_count() -> None:
    path = "ray2.pytorch.org/mindspore1.2/base:1"
    registry, organization, repository, tag = swr_parts(path)
    image = Image(
        "x",
        swr_path=path,
        swr_registry=registry,
        swr_organization=organization,
        swr_repository=repository,
        swr_tag=tag,
    )
    assert builtin_rules().components(image) == ()


def test_a_build_tag_is_not_a_version() -> None:
    image = Image("x", swr_repository="my-pytorch", swr_tag="3.3.3-B003", tag="3.3.3-B003")
    assert builtin_rules().components(image) == (("pytorch", None),)


@pytest.mark.parametrize(
    "image",
    [
        Image("x", name="cann7.0"),
        Image("x", tag="cann7.0"),
        Image("x", swr_repository="cann7.0"),
        Image("x", swr_tag="cann7.0"),
        Image("x", description="cann7.0"),
    ],
)
def test_each_text_counts_alone(image: Image) -> None:
    assert builtin_rules().components(image) == (("cann", "7.0"),)


def test_only_short_texts_are_cached() -> None:
    rules = builtin_tables().compiled()
    assert recognised(Image("x", description="ray1.3 " + "x" * 512), rules) == "ray 1.3"
    assert rules._cached_mentions.cache_info().currsize == 0
    assert recognised(Image("x", description="ray1.3"), rules) == "ray 1.3"
    assert rules._cached_mentions.cache_info().currsize == 1


@pytest.mark.parametrize("unit", ["pytorch1.", "1.", "pytorch-1-", "cuda", "p", "v", " "])
def test_long_texts_are_read_in_bounded_time(unit: str) -> None:
    started = time.process_time()
    builtin_rules().components(Image("x", description="pytorch1." + unit * 200_000 + "x"))
    assert time.process_time() - started < 5


def test_the_digest_changes_only_with_the_recognised_components() -> None:
    before = builtin_tables().compiled().digest
    assert builtin_tables().compiled().digest == before
    dates = extended_tables(DATES, location="own.toml")
    assert dates.compiled().digest == before
    assert extended_tables(OWN, location="own.toml").compiled().digest != before


OWN = """
[components]
our-sdk = { abbreviations = ["osdk"] }
pytorch = { spellings = ["ptorch"], packed = { 3 = 1 } }
areal = {}
chip = { spellings = [], versions = ["snt10"] }
"""
DATES = """
[releases.our-sdk]
"1" = { ends_on = 2027-01-31, according_to = "https://wiki.example.com/sdk" }
[releases.python]
"3.7" = { ends_on = 2030-01-31, according_to = "our own support contract" }
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("our-sdk 1.2, osdk", "our-sdk 1.2"),
        ("osdk_1.3 ptorch271 pytorch 2.6", "our-sdk 1.3, pytorch 2.6, pytorch 2.71"),
        ("areal", "areal"),
        ("snt10 snt9b", "chip snt10, chip snt9b"),
    ],
)
def test_a_file_extends_the_rules(text: str, expected: str) -> None:
    rules = extended_tables(OWN, location="own.toml").compiled()
    assert recognised(Image("x", name=text), rules) == expected


def test_a_spelling_moves_to_the_component_of_the_file() -> None:
    own = """
    [components]
    our-os = { spellings = ["debian"], abbreviations = ["cp"] }
    conda = { spellings = ["ubuntu", "snt9b"] }
    """
    rules = extended_tables(own, location="own.toml").compiled()
    assert recognised(Image("x", name="debian12 cp38 py39 ubuntu22 snt9b"), rules) == (
        "conda 22, our-os 12, our-os 38, python 3.9"
    )


def test_a_file_extends_and_replaces_dates() -> None:
    releases = extended_tables(DATES, location="own.toml").releases
    assert releases["our-sdk", "1"].ends_on == date(2027, 1, 31)
    assert releases["python", "3.7"].according_to == "our own support contract"
    assert releases["python", "3.8"] == builtin_tables().releases["python", "3.8"]


def test_every_mistake_of_a_file_is_reported_with_its_location() -> None:
    text = """
    colour = 1
    [components]
    a = { spelling = ["a"] }
    B = {}
    c = { spellings = ["x", ""], abbreviations = ["x"] }
    [releases]
    python = 3
    ubuntu = { "30.04" = { ends_on = "soon", according_to = "" } }
    """
    with pytest.raises(ConfigError) as error:
        extended_tables(text, location="own.toml")
    assert error.value.mistakes == [
        "colour: unknown; the tables are components and releases",
        'components."a": Object contains unknown field `spelling`',
        "releases.python: expected a table",
        'releases.ubuntu."30.04": Invalid RFC3339 encoded date - at `$.ends_on`',
        "components.\"B\": 'B' must be in lower case and not empty",
        "components.\"c\": '' must be in lower case and not empty",
        "components: 'x' is given more than once",
    ]
    with pytest.raises(ConfigError, match="not TOML"):
        extended_tables("[", location="own.toml")


def test_the_built_in_dates_name_their_source_and_a_component_with_rules() -> None:
    tables = builtin_tables()
    for (component, _release), each in tables.releases.items():
        assert component in tables.names
        assert each.according_to.startswith("https://")
    rows = msgspec.json.decode(tables.release_rows())
    assert ["ubuntu", "24.04", "2029-05-31"] in [row[:3] for row in rows]


def test_the_example_of_the_documentation_is_valid() -> None:
    page = (Path(__file__).parents[2] / "docs" / "components.md").read_text("utf-8")
    example = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)[1]
    tables = extended_tables(example, location="components.toml")
    assert recognised(Image("x", name="osdk-1.2 our_sdk ptorch2.7"), tables.compiled()) == (
        "our-sdk 1.2, pytorch 2.7"
    )
    assert tables.releases["python", "3.9"].ends_on == date(2028, 10, 31)


def test_rules_may_start_with_any_character() -> None:
    rules = ComponentRules({"+plus": Word("c++", "spelling")}, {})
    assert recognised(Image("x", name="a +plus 3.1"), rules) == "c++ 3.1"
