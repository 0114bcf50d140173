"""A target for coverage-guided fuzzing: any bytes are a page or broken, an image or a reason.

    pip install atheris
    python -m tests.fuzz.transform -max_total_time=60

Each input is read as it is, and once more as the choices that the property tests draw pages from.
A corpus is any folder with pages or records, named as the last argument.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["etl.transform"]):
    from etl.errors import SourceBroken
    from etl.transform import (
        builtin_rules,
        fingerprint,
        image_of_show,
        listed_rows,
        split_page,
    )
from tests.property.test_transform_property import test_hostile_pages_are_pages_or_broken
from tests.support.normalised import Normalised, normalise


def one_input(body: bytes) -> None:
    try:
        records = split_page(body).data
    except SourceBroken:
        records = []
    listed_rows(records)
    image_of_show(body)
    for record in (body, b'{"id":"x",' + body, *map(bytes, records)):
        read = normalise(record)
        if isinstance(read, Normalised):
            if read.fingerprint != fingerprint(read.image):
                raise AssertionError(record)
            builtin_rules().components(read.image)
    test_hostile_pages_are_pages_or_broken.hypothesis.fuzz_one_input(body)  # type: ignore[attr-defined]


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
