"""Requests, responses and errors of the fake API."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Request:
    """One request as received; header names in lower case, `at` in epoch seconds."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    at: float
    body: bytes = b""
    number: int = 1


@dataclass(frozen=True, slots=True)
class Response:
    """One response and its faults.

    A body in parts is sent part by part, without a length unless `headers` have one, and ends with
    the connection. `cut_after` ends the connection after that many bytes of a response in one
    piece, including its head: 0 sends nothing. `reset` resets it instead of closing it.
    """

    status: int = 200
    body: bytes | Iterable[bytes] = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    reset: bool = False


def json_response(
    value: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """`value` as JSON; `msgspec.Raw` inside it is sent as it is."""
    head = {"Content-Type": "application/json", **(headers or {})}
    return Response(status, msgspec.json.encode(value), head)


def error_response(
    status: int, code: str, message: str = "", *, headers: Mapping[str, str] | None = None
) -> Response:
    """An error in the format of ModelArts and its gateway."""
    body = {"error_code": code, "error_msg": message}
    return json_response(body, status=status, headers=headers)


def iam_error_response(status: int, title: str, message: str) -> Response:
    """An error in the format of IAM."""
    body = {"error": {"code": status, "message": message, "title": title}}
    return json_response(body, status=status)
