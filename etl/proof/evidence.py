"""Evidence files: a ZIP of entries, events, proofs and statements, checked by `check.py` inside."""

from __future__ import annotations

import io
import zipfile
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from etl.proof import check
from etl.proof.check import Invalid

_NO_TIME: Final = (1980, 1, 1, 0, 0, 0)  # the same content is the same file
MAX_BYTES: Final = 1 << 28  # of all files together: a ZIP file can promise far more than it has


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """A log entry with the proof that the checkpoint covers it."""

    data: bytes
    proof: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class ProvenEvent:
    """An event with the proof that its entry covers it; `actor` opens an attribution."""

    data: bytes
    size: int
    proof: Sequence[bytes]
    actor: bytes | None = None


def make_files(
    note: str,
    timestamp: bytes | None,
    entries: Mapping[int, ProvenEntry],
    events: Mapping[tuple[int, int], ProvenEvent],
) -> dict[str, bytes]:
    """All files of an evidence file by name. Raises `Invalid` if they do not fit together."""
    files = {"checkpoint.txt": note.encode(), "check.py": Path(check.__file__).read_bytes()}
    if timestamp is not None:
        files["checkpoint.tsr"] = timestamp
    for number, entry in entries.items():
        head = ["c2sp.org/tlog-proof@v1", f"index {number}", *_base64(entry.proof), ""]
        files[f"entries/{number}.json"] = entry.data
        files[f"entries/{number}.tlog-proof"] = ("\n".join(head) + "\n" + note).encode()
    for (number, index), event in events.items():
        lines = [f"index {index}", f"size {event.size}", *_base64(event.proof), ""]
        files[f"entries/{number}/{index}.json"] = event.data
        files[f"entries/{number}/{index}.proof"] = "\n".join(lines).encode()
        if event.actor is not None:
            files[f"entries/{number}/{index}.actor.json"] = event.actor
    evidence = _statements(files)
    files["evidence.json"] = check.statements_text(evidence)
    files["README.txt"] = check.readme(evidence, files["checkpoint.txt"])
    return files


def _statements(files: Mapping[str, bytes]) -> check.Data:
    """What the checker derives from the other files."""
    names = dict(files)
    entries = check.check_entries(names, files["checkpoint.txt"])
    events = check.check_events(names, entries)
    actors = check.check_actors(names, events)
    digests = {
        name: sha256(files[name]).hexdigest()
        for name in ("check.py", "checkpoint.tsr")
        if name in files
    }
    return check.statements(entries, events, actors, digests)


def to_zip(files: Mapping[str, bytes]) -> bytes:
    """ZIP file of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            item = zipfile.ZipInfo(name, _NO_TIME)
            item.external_attr = 0o644 << 16
            item.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(item, files[name])
    return buffer.getvalue()


def from_zip(data: bytes) -> dict[str, bytes]:
    """Files of a ZIP file. Raises `Invalid`."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            items = archive.infolist()
            names = [item.filename for item in items]
            if len(names) != len(set(names)):
                raise Invalid("a name occurs twice")
            if sum(item.file_size for item in items) > MAX_BYTES:
                raise Invalid("the files are too large")
            return {item.filename: archive.read(item) for item in items}
    except Invalid:
        raise
    except Exception as error:  # a damaged file can raise anything
        raise Invalid(f"not a valid ZIP file: {error or error!r}") from None


def check_files(files: Mapping[str, bytes], verifier_key: str) -> tuple[list[str], list[str]]:
    """What the files prove, and what not. Raises `Invalid`."""
    try:
        return check.check(dict(files), verifier_key)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Invalid(f"a file has not the expected form: {error!r}") from None


def _base64(hashes: Sequence[bytes]) -> list[str]:
    return [b64encode(each).decode() for each in hashes]
