"""What names, tags, paths and descriptions say is inside: each mention, and nothing guessed."""

from __future__ import annotations

import time

import pytest

from etl.model import Image
from etl.transform import COMPONENT_RULES, components
from etl.transform.components import _remembered_mentions
from etl.transform.swr_path import swr_parts

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


def said(image: Image) -> str:
    return ", ".join(" ".join(filter(None, pair)) for pair in components(image))


@pytest.mark.parametrize(("name", "path", "description", "expected"), REFERENCE)
def test_the_reference_example(
    name: str, path: str, description: str | None, expected: str
) -> None:
    _, _, repository, tag = swr_parts(f"swr.example.com/atelier/{path}")
    image = Image(
        "x", name=name, tag=tag, swr_repository=repository, swr_tag=tag, description=description
    )
    assert said(image) == expected


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
        # as written
        ("CANN 7.0.RC1", "cann 7.0.RC1"),
        ("cann_8.0.rc1.alpha002", "cann 8.0.rc1"),
        ("torch2.0a1 ubuntu20.04LTS", "pytorch 2.0a1, ubuntu 20.04"),
        ("İ CANN 7.0.RC1", "cann 7.0.rc1"),
        # the longer one of those that agree
        ("pytorch pytorch1 pytorch1.8 PyTorch 1.8.0", "pytorch 1.8.0"),
        ("pytorch1.8 pytorch1.80", "pytorch 1.8, pytorch 1.80"),
        ("cann7.0 cann7.0-rc1", "cann 7.0-rc1"),
        # not said
        ("array of x-rays, ray tracing", ""),
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
def test_made_up_hard_ones(text: str, expected: str) -> None:
    assert said(Image("x", description=text)) == expected


def test_host_and_organisation_say_nothing_of_the_content() -> None:
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
    assert components(image) == ()


def test_a_build_s_tag_is_no_version() -> None:
    image = Image("x", swr_repository="my-pytorch", swr_tag="3.3.3-B003", tag="3.3.3-B003")
    assert components(image) == (("pytorch", None),)


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
    assert components(image) == (("cann", "7.0"),)


def test_long_texts_are_not_remembered() -> None:
    before = _remembered_mentions.cache_info().misses
    assert said(Image("x", description="ray1.3 " + "x" * 512)) == "ray 1.3"
    assert _remembered_mentions.cache_info().misses == before


@pytest.mark.parametrize("unit", ["pytorch1.", "1.", "pytorch-1-", "cuda", "p", "v", " "])
def test_long_texts_are_read_in_bounded_time(unit: str) -> None:
    started = time.process_time()
    components(Image("x", description="pytorch1." + unit * 200_000 + "x"))
    assert time.process_time() - started < 5


def test_the_rules_have_a_name_that_changes_with_them():
    """Images are read anew when it changes: so it changes with what the rules say, and only then.

    Where the same rules come to be read otherwise, raise the number in `COMPONENT_RULES`.
    """
    assert COMPONENT_RULES == "a69b49d401e6a3be"
