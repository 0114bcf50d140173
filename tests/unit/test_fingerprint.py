"""A fingerprint is pinned: another one for the same image would be a version of every image."""

from __future__ import annotations

import msgspec
import pytest

from etl.model import DERIVED, TRACKED, Image, Tag
from etl.transform import fingerprint
from etl.transform.image import FINGERPRINTED
from tests.support.normalised import normalise

FULL = Image(
    image_id="x",
    name="n",
    description="d",
    type="BUILD_IN",
    status="ACTIVE",
    arch="x86_64",
    tag="1",
    namespace="ns",
    workspace_id="0",
    visibility="PUBLIC",
    origin="CUSTOMIZE",
    service_type="COMMON",
    flavor_type="ASCEND_SNT9",
    size=8285974481,
    swr_path="h.x/o/r:1",
    swr_registry="h.x",
    swr_organization="o",
    swr_repository="r",
    swr_tag="1",
    swr_instance_id="i",
    show_name="sn",
    show_tag="st",
    status_message="",
    dev_services=("NOTEBOOK", "SSH"),
    resource_categories=(),
    tags=(Tag("k", "v"), Tag("l")),
    created_at=1615264782906,
    updated_at=1615404250789,
    extra='{"a":1}',
)


@pytest.mark.parametrize(
    ("image", "digest"),
    [
        (Image("x"), "c09da522dac261c3d2566230bed10d2f3ef13f8e7654576c12e857e07f786098"),
        (FULL, "9e8f4494b45176453494dbf56b16b25eaff708b7fbf7382215352f4cd183b637"),
    ],
    ids=["empty", "full"],
)
def test_pinned(image: Image, digest: str) -> None:
    assert fingerprint(image).hex() == digest


@pytest.mark.parametrize("name", TRACKED)
def test_a_fingerprint_covers_tracked_values_except_derived_ones(name: str) -> None:
    changed = msgspec.structs.replace(FULL, **{name: None})
    assert (fingerprint(changed) == fingerprint(FULL)) is (name in DERIVED)


@pytest.mark.parametrize("name", ["image_id", "extra"])
def test_a_fingerprint_omits_the_id_and_unknown_fields(name: str) -> None:
    assert fingerprint(msgspec.structs.replace(FULL, **{name: "other"})) == fingerprint(FULL)
    assert name not in FINGERPRINTED


def test_missing_and_empty_differ() -> None:
    assert fingerprint(Image("x", tags=())) != fingerprint(Image("x"))
    assert fingerprint(Image("x", name="")) != fingerprint(Image("x"))


def test_values_do_not_run_into_each_other() -> None:
    assert fingerprint(Image("x", name="ab", description="c")) != fingerprint(
        Image("x", name="a", description="bc")
    )


def test_normalise_gives_the_image_s_fingerprint() -> None:
    given = normalise(b'{"id":"x","name":"n","swr_path":"h.x/o/r:1","dev_services":["B","A"]}')
    assert given.fingerprint == fingerprint(given.image)  # type: ignore[union-attr]
