"""Buys a token with a user's password: IAM's `POST /v3/auth/tokens`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta  # noqa: TC003  # msgspec reads annotations
from typing import TYPE_CHECKING, Any, Final

import msgspec

from etl.extract.failure import broken

if TYPE_CHECKING:
    from etl.config import AuthSettings
    from etl.extract.client import Client

CREATED: Final = frozenset({201})


class _Token(msgspec.Struct):
    expires_at: datetime


class _Body(msgspec.Struct):
    token: _Token


@dataclass(frozen=True, slots=True)
class Iam:
    """IAM, asked as one user for one project; `client` has no credentials of its own."""

    client: Client
    auth: AuthSettings
    project_id: str

    def fetch_token(self) -> tuple[str, timedelta]:
        """A token and how long it lives, by IAM's own clock."""
        request = self.client.request(
            "POST",
            "/v3/auth/tokens",
            params={"nocatalog": "true"},
            headers={"Content-Type": "application/json"},
            body=msgspec.json.encode({"auth": self._wish()}),
            accepted=CREATED,
            secrets=(self.auth.password,),
        )
        answer = self.client.send(request)
        token = answer.headers.get("X-Subject-Token", "")
        hint = "check iam_endpoint"
        if not token:
            raise broken(request, answer, "without a token", hint=hint)
        try:
            expires_at = msgspec.json.decode(answer.body, type=_Body).token.expires_at
            return token, expires_at - (answer.server_at or answer.received_at)
        except (msgspec.DecodeError, TypeError):  # TypeError: an instant without its zone
            raise broken(request, answer, "with a token of no known end", hint=hint) from None

    def _wish(self) -> dict[str, Any]:
        auth = self.auth
        user = {"name": auth.user, "password": auth.password, "domain": {"name": auth.domain}}
        by_id = {"id": auth.project_id or self.project_id}
        return {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": {"name": auth.project} if auth.project else by_id},
        }
