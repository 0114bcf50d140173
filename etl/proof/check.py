"""Check an image-sync evidence file with the Python standard library only, offline.

    python3 check.py VERIFIER_KEY [FOLDER_OR_ZIP]

VERIFIER_KEY is the line that `image-sync key show` prints. Get it from its owner through a channel
you trust, not from this file. Without FOLDER_OR_ZIP, the folder that contains this script is
checked. An unsigned file is checked without a key.

The record is a log: numbered entries under a Merkle tree (RFC 6962, SHA-256), one entry for each
run and source. Each entry contains the root of a second tree over the events of that run. The
check follows this chain:

    signature of checkpoint.txt → root of the log → entries/N.json → events_root
    → entries/N/I.json → every statement in evidence.json → README.txt

It exits with 0 if everything verifies and with 1 otherwise.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import json
import re
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

Data = dict[str, Any]
Files = dict[str, bytes]
Entries = dict[int, Data]
Events = dict[tuple[int, int], Data]
Point = tuple[int, int, int, int]

MAX_BYTES = 1 << 28  # of all files together: a ZIP file can promise far more than it has

USAGE = "usage: python3 check.py VERIFIER_KEY [FOLDER_OR_ZIP]"
LIMITS = """\
What this file does not prove:
- that the API's answers were true. It proves that this record said so at that time and has not
  been rewritten since. The answers remain a claim of whoever ran the program, unless a third
  party's trace supports them.
- that the record contains nothing else about this image. Ask for `image-sync verify` on the
  database to rule that out.
"""


class Invalid(Exception):
    """Something in the evidence file does not verify."""


def require(condition: object, message: str) -> None:
    """Stop with `message` unless the condition holds."""
    if not condition:
        raise Invalid(message)


# --- Base64 and canonical JSON: one spelling only ---------------------------------------------


def decode_base64(text: str) -> bytes:
    """Bytes of a base64 text; any other spelling of the same bytes is an error."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Invalid(f"not base64: {text[:60]!r}") from None
    require(base64.b64encode(data).decode() == text, f"not canonical base64: {text[:60]!r}")
    return data


def decode_json(data: bytes, name: str) -> Data:
    """Object of a canonical JSON text: sorted keys, no white space, UTF-8."""
    try:
        value = json.loads(data.decode())
        canonical = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    except (ValueError, RecursionError):
        raise Invalid(f"{name} is not JSON") from None
    if not isinstance(value, dict) or canonical.encode() != data:
        raise Invalid(f"{name} is not canonical JSON")
    return value


# --- Merkle tree (RFC 6962, section 2.1) ------------------------------------------------------


def leaf_hash(data: bytes) -> bytes:
    """Hash of one leaf of a tree."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """Root of the tree of `size` leaves with `leaf` at `index`; None if that is impossible.

    Algorithm of RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < size:
        return None
    number, last, root = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return None
        if number & 1 or number == last:
            root = node_hash(sibling, root)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            root = node_hash(root, sibling)
        number, last = number >> 1, last >> 1
    return root if last == 0 else None


# --- Ed25519 (RFC 8032, section 5.1) ----------------------------------------------------------

P = 2**255 - 19  # the field
L = 2**252 + 27742317777372353535851937790883648493  # order of the base point
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def point_add(p: Point, q: Point) -> Point:
    """Sum of two points in extended coordinates (X, Y, Z, T)."""
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def point_multiply(number: int, p: Point) -> Point:
    """`number` times a point."""
    result = (0, 1, 1, 0)
    while number:
        if number & 1:
            result = point_add(result, p)
        p, number = point_add(p, p), number >> 1
    return result


def point_decode(data: bytes) -> Point | None:
    """Point of 32 bytes; None if they encode none."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def point_encode(p: Point) -> bytes:
    """32 bytes of a point."""
    inverse = pow(p[2], -1, P)
    x, y = p[0] * inverse % P, p[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = point_decode((4 * pow(5, -1, P) % P).to_bytes(32, "little")) or (0, 1, 1, 0)


def is_signature(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether an Ed25519 signature is valid."""
    point = point_decode(public_key)
    scalar = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or point is None or scalar >= L:
        return False
    digest = hashlib.sha512(signature[:32] + public_key + message).digest()
    factor = int.from_bytes(digest, "little") % L
    negative = (P - point[0], point[1], 1, P - point[3])
    computed = point_add(point_multiply(scalar, BASE), point_multiply(factor, negative))
    return point_encode(computed) == signature[:32]


# --- Verifier keys and checkpoints (C2SP signed-note and tlog-checkpoint) ---------------------


class Checkpoint(NamedTuple):
    """A parsed checkpoint; `text` is what its signatures [(name, bytes)] are of."""

    text: str
    origin: str
    size: int
    root: bytes
    signatures: list[tuple[str, bytes]]


def key_id(name: str, key: bytes) -> bytes:
    """Four bytes that distinguish a key (its type, then its bytes) from others of that name."""
    return hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]


def parse_verifier_key(text: str, kind: int = 1) -> tuple[str, bytes, bytes]:
    """Name, key id and public key of `NAME+HEX_KEY_ID+BASE64`; kind 1: Ed25519."""
    name, _, rest = text.strip().partition("+")
    hex_id, _, encoded = rest.partition("+")
    require(name and not re.search(r"\s", name), "the verifier key has no name")
    data = decode_base64(encoded)
    require(len(data) == 33 and data[0] == kind, "the verifier key is not an Ed25519 key")
    expected = key_id(name, data)
    require(hex_id == expected.hex(), "the key id does not belong to the verifier key")
    return name, expected, data[1:]


def parse_checkpoint(note: bytes) -> Checkpoint:
    """Parse a checkpoint, which has one spelling only."""
    try:
        text, separator, tail = note.decode().partition("\n\n")
    except UnicodeDecodeError:
        raise Invalid("the checkpoint is not UTF-8") from None
    require(separator, "the checkpoint has no empty line")
    lines = text.split("\n")
    require(len(lines) == 3 and lines[0].strip(), "the checkpoint does not have three lines")
    require(re.fullmatch("0|[1-9][0-9]{0,18}", lines[1]), "the checkpoint has no tree size")
    root = decode_base64(lines[2])
    require(len(root) == 32, "the checkpoint's root is not a SHA-256 hash")
    require(tail == "" or tail.endswith("\n"), "the checkpoint does not end with a new line")
    signatures = []
    for line in tail.split("\n")[:-1]:
        match = re.fullmatch(r"— ([^\s+]+) (\S+)", line)
        if not match:
            raise Invalid(f"not a signature line: {line[:60]!r}")
        signatures.append((match[1], decode_base64(match[2])))
    return Checkpoint(text + "\n", lines[0], int(lines[1]), root, signatures)


def check_signature(
    note: bytes,
    verifier_key: str,
    is_valid: Callable[[bytes, bytes, bytes], bool] = is_signature,
) -> None:
    """Require a valid signature of the verifier key on a checkpoint, and no invalid one of it."""
    name, identity, public_key = parse_verifier_key(verifier_key)
    text, origin, _, _, signatures = parse_checkpoint(note)
    require(origin == name, f"the checkpoint is of the log {origin!r}, the key of {name!r}")
    ours = [data for signer, data in signatures if signer == name and data[:4] == identity]
    require(ours, "the checkpoint is not signed with this key")
    for data in ours:
        require(is_valid(public_key, text.encode(), data[4:]), "the signature is invalid")


# --- The files of an evidence file ------------------------------------------------------------


def proven_root(data: bytes, index: int, size: int, lines: list[str]) -> bytes | None:
    """Root that a proof (hashes, one base64 line each) leads to from a leaf's data."""
    hashes = [decode_base64(line) for line in lines]
    require(all(len(each) == 32 for each in hashes), "a proof contains something else than hashes")
    return root_from_inclusion(leaf_hash(data), index, size, hashes)


def check_entries(files: Files, note: bytes) -> Entries:
    """Entry number → its data, each proven to be in the log that the checkpoint covers."""
    _, _, size, root, _ = parse_checkpoint(note)
    entries = {}
    for name in sorted(files):
        match = re.fullmatch(r"entries/(0|[1-9][0-9]*)\.json", name)
        if not match:
            continue
        number = int(match[1])
        head, _, tail = files.get(f"entries/{number}.tlog-proof", b"").partition(b"\n\n")
        require(tail == note, f"the checkpoint of entries/{number}.tlog-proof differs")
        lines = head.decode().split("\n")
        expected = ["c2sp.org/tlog-proof@v1", f"index {number}"]
        require(lines[:2] == expected, f"entries/{number}.tlog-proof does not prove entry {number}")
        is_logged = proven_root(files[name], number, size, lines[2:]) == root
        require(is_logged, f"entry {number} is not in the log that the checkpoint covers")
        entries[number] = decode_json(files[name], name)
    require(entries, "the file contains no log entry")
    return entries


def check_events(files: Files, entries: Entries) -> Events:
    """(Entry, index) → event, in this order, each proven to be one of the entry's events.

    An event whose `actor_digest` the file opens gets its `actor`.
    """
    events = {}
    for name in files:
        match = re.fullmatch(r"(entries/(0|[1-9][0-9]*)/(0|[1-9][0-9]*))\.json", name)
        if not match:
            continue
        base, number, index = match[1], int(match[2]), int(match[3])
        require(number in entries, f"{name} belongs to an entry that is not in the file")
        size, events_root = entries[number]["events"], entries[number]["events_root"]
        lines = files.get(f"{base}.proof", b"").decode().split("\n")
        expected = [f"index {index}", f"size {size}"]
        require(lines[:2] == expected and lines[-1] == "", f"{base}.proof does not fit")
        is_logged = proven_root(files[name], index, size, lines[2:-1]) == bytes.fromhex(events_root)
        require(is_logged, f"{name} is not among the events of entry {number}")
        event = events[number, index] = decode_json(files[name], name)
        actor = files.get(f"{base}.actor.json")
        if actor is not None:
            is_committed = hashlib.sha256(actor).hexdigest() == event.get("actor_digest")
            require(is_committed, f"{base}.actor.json differs from its digest")
            event["actor"] = decode_json(actor, f"{base}.actor.json")
    return dict(sorted(events.items()))


# --- What the verified entries and events say -------------------------------------------------

RUN = [
    *("run_id", "status", "observed_at", "certificate", "endpoint", "previous_endpoint"),
    *("project_id", "coverage", "guard_override", "walk_detail", "error_kind", "error_message"),
]
GROUPS = {
    "versions": ("opened", "closed"),
    "changes": ("field",),
    "absences": ("presence",),
    "removals": ("removal", "attribution", "restored"),
    "decisions": ("held", "released"),
    "rejects": ("reject", "resolved"),
}
AS_JSON = ("evidence_detail", "walk_detail")


def derive(files: Files) -> tuple[Data, set[str]]:
    """Content of evidence.json, and the names of the files that it and its proofs consist of."""
    entries = check_entries(files, files["checkpoint.txt"])
    events = check_events(files, entries)
    names = {"README.txt", "evidence.json", "checkpoint.txt", "checkpoint.tsr", "check.py"}
    names |= {f"entries/{number}.{kind}" for number in entries for kind in ("json", "tlog-proof")}
    for (number, index), event in events.items():
        kinds = ("json", "proof", "actor.json") if "actor" in event else ("json", "proof")
        names |= {f"entries/{number}/{index}.{kind}" for kind in kinds}
    evidence = statements(entries, events)
    evidence["files"] = {
        name: hashlib.sha256(files[name]).hexdigest()
        for name in ("check.py", "checkpoint.tsr")
        if name in files
    }
    return evidence, names


def statements(entries: Entries, events: Events) -> Data:
    """What the verified entries and events say, and nothing else."""
    groups: dict[str, list[Data]] = {name: [] for name in (*GROUPS, "runs", "pruned")}
    group_of = {kind: groups[name] for name, kinds in GROUPS.items() for kind in kinds}
    for number, data in sorted(entries.items()):
        if data["entry"] == "prune":
            keys = ("source", "through_entry", "run_id", "observed_at", "pruned_at")
            groups["pruned"].append({"entry": number} | {key: data[key] for key in keys})
        else:
            groups["runs"].append(run_statement(number, data))
    for (number, index), event in events.items():
        item = {key: value for key, value in event.items() if key not in ("source", "image_id")}
        for key in AS_JSON:
            if key in item:
                item[key] = json.loads(item[key])
        if item["event"] == "run":
            item = run_statement(item["entry"], item)
            item["sealed_by_entry"] = number
            groups["runs"].append(item)
            continue
        if "actor" in item:
            item["actor"] = {k: v for k, v in item["actor"].items() if k != "salt"}
        group_of[item["event"]].append({"entry": number, "index": index} | item)
    for name in ("versions", "removals"):  # pruned ones come from a later entry
        groups[name].sort(key=lambda each: each["version"])
    about = [(n, each["image_id"]) for (n, _), each in events.items() if "image_id" in each]
    images = {(entries[number]["source"], image_id) for number, image_id in about}
    require(len(images) == 1, "the file is not about exactly one image")
    source, image_id = images.pop()
    require(all(each["source"] == source for each in entries.values()), "entry of another source")
    check_history(groups)
    return {"format": 1, "source": source, "image_id": image_id} | groups


def run_statement(number: int, data: Data) -> Data:
    """What evidence.json says about a run."""
    row, run = data["source_run"], data["sync_run"]
    statement = {"entry": number} | {key: row[key] for key in RUN if key in row}
    if "walk_detail" in statement:
        statement["walk_detail"] = json.loads(statement["walk_detail"])
    keys = ("kind", "actor", "reason", "version", "host")
    return statement | {key: run[key] for key in keys if key in run}


def check_history(groups: Data) -> None:
    """Require that the versions follow each other, and that every removal closes one."""
    opened = [each for each in groups["versions"] if each["event"] == "opened"]
    numbers = [each["version"] for each in opened]
    require(len(numbers) == len(set(numbers)), "a version is opened twice")
    closed = {each["version"]: each for each in groups["versions"] if each["event"] == "closed"}
    for each in opened:
        before = closed.get(each["version"] - 1)
        is_change = each["opened_as"] == "changed"
        if each["version"] - 1 in numbers and not is_change:
            require(before, f"version {each['version'] - 1} is followed but not closed")
        if before:
            is_later = before["valid_to"] <= each["valid_from"]
            require(is_later and not is_change, "two versions contradict each other")
    for removal in groups["removals"]:
        if removal["event"] == "removal" and removal["version"] in closed:
            end = closed[removal["version"]]
            require(end["closed_as"] == "removed", "a removal does not close its version")
            require(end["valid_to"] == removal["removed_at"], "a removal has another time")


def statements_text(evidence: Data) -> bytes:
    """Bytes of evidence.json."""
    return (json.dumps(evidence, sort_keys=True, ensure_ascii=False, indent=1) + "\n").encode()


def plain(value: object) -> str:
    """A text of the record without characters that control a terminal or hide text."""
    hidden = "[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
    return re.sub(hidden, lambda match: f"\\u{ord(match[0]):04x}", str(value))


def readme(evidence: Data, note: bytes) -> bytes:
    """Text of README.txt, from evidence.json and the checkpoint."""
    _, origin, size, root, signatures = parse_checkpoint(note)
    opened = [each for each in evidence["versions"] if each["event"] == "opened"]
    last = opened[-1]["values"] if opened else {}
    lines = [
        "EVIDENCE ABOUT ONE IMAGE",
        "",
        f"Image:   {plain(last.get('name', '(without a name)'))}",
        f"Id:      {plain(evidence['image_id'])}",
        f"Address: {plain(last.get('swr_path', '(none)'))}",
        f"Source:  {plain(evidence['source'])}",
        f"Log:     {plain(origin)}",
        f"State:   {size} entries, root {root.hex()}",
        "",
        "What happened (times are UTC; [N] is the entry of the log that contains it)",
        "",
        *sorted(happened(evidence)),
        "",
        "How each removal is known",
        "",
        *(removal_lines(evidence) or ["  The record contains no removal of this image.", ""]),
        *pruned_lines(evidence),
        LIMITS,
        "How to check this file",
        "",
        "  Unpack it and run `python3 check.py VERIFIER_KEY` (Python 3.9 or newer, nothing to",
        "  install, no network). The verifier key belongs to the owner of the record: ask for it",
        "  through a channel you trust. If you suspect that check.py was replaced, take it from",
        "  the program's source code (etl/proof/check.py).",
    ]
    if not signatures:
        lines.append("  This file is not signed: nothing shows who made it, or when.")
    if "checkpoint.tsr" in evidence["files"]:
        lines.append("  checkpoint.tsr is an RFC 3161 timestamp. Verify it with OpenSSL:")
        lines.append("  openssl ts -verify -data checkpoint.txt -in checkpoint.tsr -CAfile CA.pem")
    return ("\n".join(lines) + "\n").encode()


def happened(evidence: Data) -> Iterator[str]:
    """One line for each event, beginning with its time."""
    for each in evidence["versions"]:
        if each["event"] == "opened":
            what = f"{each['opened_as']} (version {each['version']})"
            yield f"  {each['valid_from']}  [{each['entry']}] {what}"
        else:
            yield f"  {each['valid_to']}  [{each['entry']}] {each['closed_as'].replace('_', ' ')}"
    times = {each["run_id"]: each["observed_at"] for each in evidence["runs"]}
    for each in evidence["changes"]:
        old, new = plain(each["old_value"]), plain(each["new_value"])
        what = f"{each['field']}: {old} -> {new}"
        yield f"  {times[each['run_id']]}  [{each['entry']}] {what}"
    words = {"missing": "no longer listed, undecided", "found": "not listed, found by its id"}
    words |= {"listed": "listed again", "relisted": "listed elsewhere"}
    for each in evidence["absences"]:
        yield f"  {each['changed_at']}  [{each['entry']}] {words[each['kind']]}"
    actors = {each["run_id"]: each for each in evidence["runs"]}
    for each in evidence["decisions"]:
        at = each.get("held_at") or each["released_at"]
        run = actors.get(each["run_id"], {})
        who = f" by {plain(run['actor'])}" if "actor" in run else ""
        why = f" ({plain(run['reason'])})" if "reason" in run else ""
        what = f"removal held ({each['rule']})" if "rule" in each else "held removal: "
        what += each.get("released_as", "")
        yield f"  {at}  [{each['entry']}] {what}{who}{why}"
    for each in evidence["rejects"]:
        at = each.get("rejected_at") or each["resolved_at"]
        yield f"  {at}  [{each['entry']}] record {each['event']}: {plain(each['reason'])}"


def removal_lines(evidence: Data) -> list[str]:
    """How each removal is known: its evidence, its walk, and the walk before."""
    known = {
        "lookup_not_found": "The listings did not contain it, and a request for its id answered"
        " that it does not exist.",
        "lookup_deleted": "The listings did not contain it, and a request for its id answered"
        " that it is deleted.",
        "listed_deleted": "The listing itself showed it with status DELETED.",
        "absent_twice": "Two complete, certified reads of the listings did not contain it.",
    }
    runs = {each["run_id"]: each for each in evidence["runs"]}
    lines = []
    for each in evidence["removals"]:
        if each["event"] == "removal":
            lines.append(f"  Removed {each['removed_at']} (version {each['version']}).")
            lines.append(f"  {known[each['evidence']]}")
            lines.append(f"  Last seen {each['last_seen_at']}.")
            detail = json.dumps(each["evidence_detail"], sort_keys=True, ensure_ascii=False)
            lines.append(f"  Details: {plain(detail)}")
            run = runs.get(each["run_id"], {})
            walk = walk_of(run, evidence)
            if walk:
                where = plain(f"{walk.get('endpoint')}, project {walk.get('project_id')}")
                by = f"run {walk['run_id']} [{walk['entry']}]"
                lines.append(f"  Read from {where} by {by}, certificate {walk['certificate']}.")
                if run.get("guard_override"):
                    lines.append("  The guard against large removals was overridden in this run.")
        elif each["event"] == "restored":
            lines.append(f"  Version {each['version']} was removed until {each['restored_at']}.")
        else:
            lines.append(f"  Who removed version {each['version']}: {each['attribution']}.")
            if "removed_by" in each.get("actor", {}):
                lines.append(f"  Named by the cloud's trace: {plain(each['actor']['removed_by'])}.")
        lines.append("")
    return lines


def walk_of(run: Data, evidence: Data) -> Data | None:
    """The run whose walk showed an absence: an approval has none, it decides what a run held."""
    run_id = run.get("run_id")
    if run.get("kind") == "approve":
        decided = [each for each in evidence["decisions"] if each["run_id"] == run_id]
        run_id = max((each.get("held_run_id", 0) for each in decided), default=0)
    return next((each for each in evidence["runs"] if each["run_id"] == run_id), None)


def pruned_lines(evidence: Data) -> list[str]:
    """What is said where older history was pruned."""
    lines = []
    for each in evidence["pruned"]:
        lines.append(f"History up to {each['observed_at']} was pruned on {each['pruned_at']}.")
        lines.append("What was kept of it is sealed by the owner of the record since then only:")
        lines.append(f"entry {each['entry']} proves that it has not changed after that time.")
        lines.append("")
    return lines


# --- The whole check --------------------------------------------------------------------------


def check(files: Files, verifier_key: str) -> tuple[list[str], list[str]]:
    """Check everything; return what is proved and what is not. Raises `Invalid`."""
    try:
        return _check(files, verifier_key)
    except Invalid:
        raise
    except Exception as error:  # a damaged file can raise anything: nothing is proved then
        raise Invalid(f"a file does not have the expected form: {error!r}") from None


def _check(files: Files, verifier_key: str) -> tuple[list[str], list[str]]:
    note = files.get("checkpoint.txt", b"")
    _, origin, size, _, signatures = parse_checkpoint(note)
    proved, unproved = [], []
    if verifier_key:
        check_signature(note, verifier_key)
        log = f"log {plain(origin)} ({size} entries)"
        proved.append(f"the checkpoint of {log} is signed by the key")
    else:
        require(not signatures, "the checkpoint is signed: give the verifier key")
        unproved.append("who made the file, and when: the checkpoint is not signed")
    evidence, names = derive(files)
    missing = sorted(names - set(files) - {"checkpoint.tsr"})
    unexpected = sorted(set(files) - names)
    require(not missing, f"missing: {', '.join(missing[:3])}")
    require(not unexpected, f"unexpected: {', '.join(unexpected[:3])}")
    is_equal = files["evidence.json"] == statements_text(evidence)
    require(is_equal, "evidence.json says something that the entries and events do not")
    require(files["README.txt"] == readme(evidence, note), "README.txt differs from evidence.json")
    entries = len([name for name in names if name.endswith(".tlog-proof")])
    events = len([name for name in names if name.endswith(".proof")])
    proved.append(f"{entries} log entries and {events} events are in the log")
    proved.append("every statement of evidence.json and README.txt follows from them")
    if "checkpoint.tsr" in files:
        digest = hashlib.sha256(note).digest()
        require(digest in files["checkpoint.tsr"], "the timestamp is of another checkpoint")
        unproved.append("the timestamp: verify checkpoint.tsr with OpenSSL (see README.txt)")
    else:
        unproved.append("when the log had this state: there is no timestamp")
    if evidence["pruned"]:
        unproved.append("what was pruned: the owner's word, sealed when it was pruned")
    return proved, unproved


def unzip(data: bytes) -> Files:
    """Name → bytes of the files in a ZIP file. Raises `Invalid`."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            items = archive.infolist()
            names = [item.filename for item in items]
            require(len(names) == len(set(names)), "a name occurs twice")
            is_small = sum(item.file_size for item in items) <= MAX_BYTES
            require(is_small, "the files are too large")
            return {item.filename: archive.read(item) for item in items}
    except Invalid:
        raise
    except Exception as error:  # a damaged file can raise anything
        raise Invalid(f"not a valid ZIP file: {error or error!r}") from None


def read_files(path: Path) -> Files:
    """Name → bytes of the files in a folder or a ZIP file. Raises `Invalid` and `OSError`."""
    if not path.is_dir():
        return unzip(path.read_bytes())
    found = [each for each in path.rglob("*") if each.is_file()]
    found = [each for each in found if "__pycache__" not in each.parts]
    return {each.relative_to(path).as_posix(): each.read_bytes() for each in found}


def report(proved: list[str], unproved: list[str]) -> str:
    """What is proved and what is not, as text."""
    lines = [f"proved: {line}\n" for line in proved]
    lines += [f"NOT proved: {line}\n" for line in unproved]
    return "".join(lines) + LIMITS


def main(arguments: list[str]) -> int:
    """Check a folder or ZIP file and print the result."""
    key = arguments[0] if arguments else ""
    path = Path(arguments[1]) if len(arguments) > 1 else Path(__file__).parent
    try:
        require(len(arguments) <= 2, "too many arguments")
        if key:
            parse_verifier_key(key)
        require(path.exists(), f"{path} does not exist")
    except Invalid as error:
        print(f"{error}\n{USAGE}", file=sys.stderr)
        return 1
    try:
        proved, unproved = check(read_files(path), key)
    except (Invalid, OSError) as error:
        print(f"INVALID: {error}")
        if not key:  # most likely, it was forgotten
            print(USAGE, file=sys.stderr)
        return 1
    print(report(proved, unproved), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
