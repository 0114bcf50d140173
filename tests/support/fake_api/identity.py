"""Credentials: IAM, the metadata service, and the check of each request.

It knows nothing of images.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from etl.sample.api import Received, verify
from etl.sample.catalogue import ApiError
from tests.support.fake_api.messages import (
    Request,
    Response,
    iam_error_response,
    json_response,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.support.fake_api.quirks import Quirks

# The token of the metadata service, opaque like a real one.
METADATA_TOKEN: Final = "sample-metadata-token"
_NO_TOKEN: Final = "Incorrect IAM authentication information: x-auth-token is missing or expired"


class Identity:
    """Issues tokens and checks the credentials of requests; times are epoch seconds.

    Tokens are for one of `projects`, or for any project if there are none.
    """

    def __init__(self, projects: Sequence[Mapping[str, object]]) -> None:
        self._projects = projects
        self._issued: dict[str, float] = {}
        self._count = 0

    def check(self, request: Request, quirks: Quirks, *, now: float) -> None:
        """Accept a valid signature or token, and every request if neither is required."""
        if quirks.access_key and "authorization" in request.headers:
            received = Received(
                request.method, request.path, request.query, request.headers, request.body
            )
            verify(received, quirks.access_key, now=now)
        elif quirks.access_key or quirks.user or quirks.tokens:
            token = request.headers.get("x-auth-token", "")
            if token not in quirks.tokens and self._issued.get(token, 0) <= now:
                raise ApiError(401, "APIGW.0301", _NO_TOKEN)

    def revoke_tokens(self) -> None:
        """Refuse every token issued so far from now on."""
        self._issued.clear()

    def issue_token(self, request: Request, quirks: Quirks, *, now: float) -> Response:
        """`POST /v3/auth/tokens` with a password."""
        try:
            asked = msgspec.json.decode(request.body)["auth"]
            user = asked["identity"]["password"]["user"]
            shown = (user["domain"]["name"], user["name"], user["password"])
            project = dict(asked["scope"]["project"])
        except (msgspec.DecodeError, KeyError, TypeError, ValueError):
            return iam_error_response(400, "Bad Request", "The request body is invalid.")
        known = quirks.user
        if known and shown != (known.domain, known.name, known.password):
            return iam_error_response(401, "Unauthorized", "The username or password is wrong.")
        if self._projects and not any(_is_meant(each, project) for each in self._projects):
            return iam_error_response(401, "Unauthorized", "The project is not one of the user's.")
        self._count += 1
        token = f"sample-token-{self._count}"
        self._issued[token] = now + quirks.token_lifetime_seconds
        body = {"token": {"expires_at": _iso(self._issued[token]), "issued_at": _iso(now)}}
        return json_response(body, status=201, headers={"X-Subject-Token": token})

    def list_projects(self) -> Response:
        """`GET /v3/auth/projects`."""
        return json_response({"projects": self._projects})


def _is_meant(project: Mapping[str, object], asked: Mapping[str, object]) -> bool:
    """A token's scope names its project by id or by name."""
    return any(key in asked and asked[key] == project.get(key) for key in ("id", "name"))


def metadata_token(quirks: Quirks) -> Response:
    """`PUT /meta-data/latest/api/token` on the machine's own metadata service."""
    if quirks.metadata_token_status != 200:
        return Response(quirks.metadata_token_status)
    return Response(200, METADATA_TOKEN.encode(), {"Content-Type": "text/plain"})


def security_key(request: Request, quirks: Quirks, *, now: float) -> Response:
    """`GET /openstack/latest/securitykey`: the temporary key of the machine's agency."""
    has_tokens = quirks.metadata_token_status == 200
    if has_tokens and request.headers.get("x-metadata-token") != METADATA_TOKEN:
        return Response(401)
    if quirks.access_key is None:
        return Response(404)  # a machine without an agency
    credential: dict[str, Any] = {
        "access": quirks.access_key.access,
        "secret": quirks.access_key.secret,
        "securitytoken": quirks.access_key.security_token,
        "expires_at": _iso(now + quirks.token_lifetime_seconds),
    }
    return json_response({"credential": credential})


def _iso(at: float) -> str:
    """A time as IAM writes it: six decimals and a Z."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
