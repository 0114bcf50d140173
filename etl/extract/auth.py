"""How a source is told who asks: one shape, five methods.

The client asks for the headers of each attempt anew, so a signature's time and a token's life are
always fresh. Secrets stay in memory; `secrets` tells what must not stand in any text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from etl.extract.signature import Keys, signed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from etl.extract.exchange import Request
    from etl.extract.renewable import Renewable


class Authenticator(Protocol):
    """What a client needs of a method: headers, another try after a 401, and words."""

    @property
    def advice(self) -> str:
        """What a person does about a 401."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that must not stand in any text."""

    def headers(self, request: Request) -> Mapping[str, str]:
        """The headers that vouch for `request`; may fetch a credential, and raise when it fails."""

    def renew(self, refused: Mapping[str, str]) -> bool:
        """After a 401 to the headers `refused`: whether there are others, worth one more try."""

    def close(self) -> None:
        """Lets go of the connections that credentials are fetched with."""


class NoAuthentication:
    """For an endpoint that lets everybody in, or is shown its credentials in the request itself."""

    secrets: Final[tuple[str, ...]] = ()

    def __init__(self, *, advice: str = "the endpoint wants credentials: set source.auth") -> None:
        self.advice = advice

    def headers(self, request: Request) -> Mapping[str, str]:  # noqa: ARG002  # the same for all
        return {}

    def renew(self, refused: Mapping[str, str]) -> bool:  # noqa: ARG002  # there is nothing else
        return False

    def close(self) -> None:
        """Nothing to let go of."""


class FixedToken:
    """An IAM token that the configuration gives."""

    advice: Final = "the token is wrong or has expired, they live a day at most: get another"

    def __init__(self, token: str) -> None:
        self.secrets = (token,)

    def headers(self, request: Request) -> Mapping[str, str]:  # noqa: ARG002  # the same for all
        return {"X-Auth-Token": self.secrets[0]}

    def renew(self, refused: Mapping[str, str]) -> bool:  # noqa: ARG002  # there is no other
        return False

    def close(self) -> None:
        """Nothing to let go of."""


class RenewedToken:
    """A token that a user's password buys (`iam` knows how)."""

    advice: Final = "a fresh token was refused too: check that the user may use this project"

    def __init__(self, tokens: Renewable[str], *, password: str, close: Callable[[], None]) -> None:
        self._tokens = tokens
        self._password = password
        self.close = close

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self._password, self._tokens.held or "")

    def headers(self, request: Request) -> Mapping[str, str]:  # noqa: ARG002  # the same for all
        return {"X-Auth-Token": self._tokens.current()}

    def renew(self, refused: Mapping[str, str]) -> bool:
        self._tokens.replace(refused["X-Auth-Token"])
        return True


class Signing:
    """Signs with access keys: the user's own, or those that an ECS agency lends.

    A 401 is final: more than five failures in a row lock a key for five minutes.
    """

    def __init__(
        self,
        keys: Callable[[], Keys],
        *,
        project_id: str,
        clock: Callable[[], datetime],
        advice: str,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self._keys = keys
        self._project_id = project_id
        self._clock = clock
        self._used: tuple[str, ...] = ()
        self.advice = advice
        self.close = close

    @property
    def secrets(self) -> tuple[str, ...]:
        return self._used

    def headers(self, request: Request) -> Mapping[str, str]:
        keys = self._keys()
        self._used = keys.secrets
        return signed(request, keys, at=self._clock(), project_id=self._project_id)

    def renew(self, refused: Mapping[str, str]) -> bool:  # noqa: ARG002  # never, see above
        return False
