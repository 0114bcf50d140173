"""Evidence files of a generated record, and small changes to them."""

from __future__ import annotations

import json
import random

from sqlalchemy import Engine

from etl.audit.evidence import collect_evidence
from etl.proof.checkpoint import Signer, make_key, read_key


def signer(name: str = "example.org/log") -> Signer:
    """A new key under the name of a log."""
    return read_key(make_key(), name, location="test")


def evidence_of(engine: Engine, image_id: str, key: Signer | None, **options) -> dict[str, bytes]:
    """Files of the evidence about an image."""
    with engine.connect() as connection:
        return collect_evidence(connection, image_id, signer_of=lambda _origin: key, **options)


def mutated(
    choose: random.Random, files: dict[str, bytes], foreign: dict[str, bytes]
) -> tuple[str, dict[str, bytes]]:
    """A changed copy of the files, and what was changed. `foreign`: files of another record."""
    changed = dict(files)
    name = choose.choice(sorted(files))
    data = files[name]
    way = choose.choice(["bit", "byte", "line", "swap", "drop", "add", "foreign", "statement"])
    if way == "bit":
        position = choose.randrange(len(data) * 8)
        flipped = bytearray(data)
        flipped[position // 8] ^= 1 << position % 8
        changed[name] = bytes(flipped)
    elif way == "byte":
        position = choose.randrange(len(data) + 1)
        changed[name] = data[:position] + bytes([choose.randrange(256)]) + data[position:]
    elif way == "line":
        lines = data.splitlines(keepends=True)
        line = choose.randrange(len(lines))
        lines[line] *= choose.choice([0, 2])
        changed[name] = b"".join(lines)
    elif way == "swap":
        other = choose.choice(sorted(files))
        changed[name], changed[other] = files[other], data
    elif way == "drop":
        del changed[name]
    elif way == "add":
        changed[f"{name}.more"] = data
    elif way == "foreign":
        name = choose.choice(sorted(set(files) & set(foreign)))
        changed[name] = foreign[name]
    else:
        name = "evidence.json"
        changed[name] = _other_statement(choose, files[name])
    return f"{way} {name}", changed


def _other_statement(choose: random.Random, data: bytes) -> bytes:
    """evidence.json with one value changed."""
    evidence = json.loads(data)
    places = [*_places(evidence)]
    holder, key = choose.choice(places)
    value = holder[key]
    holder[key] = value + 1 if isinstance(value, int) else f"{value}x"
    return (json.dumps(evidence, sort_keys=True, ensure_ascii=False, indent=1) + "\n").encode()


def _places(value):
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in items:
        if isinstance(each, dict | list):
            yield from _places(each)
        else:
            yield value, key
