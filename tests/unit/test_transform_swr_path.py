"""The parts of an `swr_path`, however odd."""

from __future__ import annotations

import pytest

from etl.transform.fields import SwrParts, swr_parts


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("swr.x.com/atelier/mlstudio:3.3.1.9", ("swr.x.com", "atelier", "mlstudio", "3.3.1.9")),
        ("swr.x.com:8443/a/b", ("swr.x.com:8443", "a", "b", None)),
        ("swr.x.com/a/b/c/d:1", ("swr.x.com", "a", "b/c/d", "1")),
        ("swr.x.com/a/b@sha256:0f", ("swr.x.com", "a", "b", "sha256:0f")),
        ("swr.x.com/a/b:1@sha256:0f", ("swr.x.com", "a", "b", "1")),
        ("localhost/a/b:1", ("localhost", "a", "b", "1")),
        ("registry:5000/a/b:1", ("registry:5000", "a", "b", "1")),
        ("a/b:1", (None, "a", "b", "1")),
        ("b:1", (None, None, "b", "1")),
        ("b", (None, None, "b", None)),
        ("swr.x.com/b", ("swr.x.com", None, "b", None)),
        ("swr.x.com/", ("swr.x.com", None, None, None)),
        ("a/", (None, "a", None, None)),
        ("", (None, None, None, None)),
        (None, (None, None, None, None)),
        ("/", (None, None, None, None)),
        (":", (None, None, None, None)),
        ("@", (None, None, None, None)),
        ("//:", (None, None, "/", None)),
    ],
)
def test_parts(path: str | None, parts: SwrParts) -> None:
    assert swr_parts(path) == parts
