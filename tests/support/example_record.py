"""A small catalogue with fixed times, on which the reports are tested and their page is written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from tests.support.record import FIRST, Record

NOW = datetime(2026, 12, 1, 8, tzinfo=UTC)
PYTORCH, LLM, VISION, SPEECH, OCR = (
    f"{number}a7c1f0e-3b52-4c8d-9e61-5d2f8b04a{number}19" for number in range(1, 6)
)
HUB = "swr.cn-north-4.example.com"


def example_record(engine: Engine) -> Record:
    """Seven runs: added, changed, moved, removed, restored, held and rejected; one failed."""
    record = Record(engine)
    record.run("beijing")
    record.add(
        PYTORCH,
        source="beijing",
        name="pytorch_2.1.0-py_3.9-ubuntu_20.04-x86_64",
        type="BUILD_IN",
        arch="x86_64",
        status="ACTIVE",
        tag="2.1.0-1",
        swr_path=f"{HUB}/atelier/pytorch:2.1.0-1",
        size=8_285_974_481,
        service_type="DEV",
        created_at=FIRST - timedelta(days=400),
        components=[["python", "3.9"], ["pytorch", "2.1.0"], ["ubuntu", "20.04"]],
    )
    _add_llm(record)
    for image_id, name in ((VISION, "vision-train"), (SPEECH, "speech-train")):
        record.add(
            image_id,
            source="beijing",
            name=name,
            type="DEDICATED",
            arch="x86_64",
            status="ACTIVE",
            tag="1.0",
            swr_path=f"{HUB}/team-ai/{name}:1.0",
            swr_organization="team-ai",
            workspace_id="0",
            size=12_884_901_888,
            service_type="TRAIN",
            created_at=FIRST - timedelta(days=90),
            updated_at=FIRST - timedelta(days=90),
            components=[["python", "3.11"]],
        )
    record.run("beijing")
    record.change(VISION, source="beijing", size=12_992_276_070)
    record.change(SPEECH, source="beijing", tag="1.1", swr_path=f"{HUB}/team-ai/speech-train:1.1")
    record.run("beijing")
    record.remove(PYTORCH, source="beijing", error_code="ModelArts.6404", request_id="r-1")
    record.reject("size: expected a whole number", '{"id":"x"}', source="beijing")
    record.run("beijing")
    record.restore(PYTORCH, source="beijing")
    record.add(
        OCR,
        source="beijing",
        name="speech-train-v1",
        type="DEDICATED",
        status="ACTIVE",
        tag="1.0",
        swr_path=f"{HUB}/team-ai/speech-train:1.0",
        swr_organization="team-ai",
        workspace_id="0",
    )
    record.run("beijing", certificate="none", status="failed", error_kind="unavailable")
    record.run("beijing")
    record.remove(SPEECH, source="beijing", error_code="ModelArts.6404", request_id="r-2")
    record.run("shanghai")
    return record


def _add_llm(record: Record) -> None:
    name = "mindspeed_llm_2.2.0-pytorch_2.7.1-cann_8.2.rc2-py_3.11-hce_2.0.2509-aarch64-snt9b"
    record.add(
        LLM,
        source="beijing",
        name=name,
        type="BUILD_IN",
        arch="aarch64",
        status="ACTIVE",
        tag="20250910",
        swr_path=f"{HUB}/atelier/mindspeed_llm:20250910",
        service_type="TRAIN",
        created_at=FIRST - timedelta(days=50),
        components=[
            ["cann", "8.2.rc2"],
            ["chip", "snt9b"],
            ["hce", "2.0.2509"],
            ["mindspeed-llm", "2.2.0"],
            ["python", "3.11"],
            ["pytorch", "2.7.1"],
        ],
    )
