"""Borrows access keys from the ECS metadata service, on a machine that has an agency."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta  # noqa: TC003  # msgspec reads annotations
from typing import TYPE_CHECKING, Final

import msgspec

from etl.extract.failure import broken
from etl.extract.signature import Keys

if TYPE_CHECKING:
    from etl.extract.client import Client

# An older metadata service has no tokens: by the SDK, these say so, and it is asked without.
TOKEN_OR_NONE: Final = frozenset({200, 404, 405, 503})
TOKEN_LIFE: Final = {"X-Metadata-Token-Ttl-Seconds": "21600"}


class _Credential(msgspec.Struct):
    access: str
    secret: str
    securitytoken: str
    expires_at: datetime


class _Body(msgspec.Struct):
    credential: _Credential


@dataclass(frozen=True, slots=True)
class Agency:
    """The metadata service; `client` goes past any proxy and has no credentials."""

    client: Client

    def fetch_keys(self) -> tuple[Keys, timedelta]:
        """Temporary keys, and how long they live."""
        token = self._token()
        headers = {"X-Metadata-Token": token} if token else {}
        request = self.client.request(
            "GET", "/openstack/latest/securitykey", headers=headers, secrets=(token,)
        )
        answer = self.client.send(request)
        try:
            lent = msgspec.json.decode(answer.body, type=_Body).credential
            life = lent.expires_at - (answer.server_at or answer.received_at)
        except (msgspec.DecodeError, TypeError):  # TypeError: an instant without its zone
            hint = "check that the machine has an agency, and metadata_endpoint"
            raise broken(request, answer, "without usable keys", hint=hint) from None
        return Keys(lent.access, lent.secret, lent.securitytoken), life

    def _token(self) -> str:
        request = self.client.request(
            "PUT",
            "/meta-data/latest/api/token",
            headers=TOKEN_LIFE,
            accepted=TOKEN_OR_NONE,
            is_json=False,
        )
        answer = self.client.send(request)
        return answer.body.decode(errors="replace").strip() if answer.status == 200 else ""
