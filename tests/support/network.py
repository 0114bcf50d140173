"""Keeps the tests on loopback: whoever connects, sends or resolves elsewhere fails."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from typing import Any

LOCAL_NAMES = {"localhost", "", None}
_SENDING = {"connect": 0, "connect_ex": 0, "sendto": -1, "sendmsg": 3}
"""Method of a socket → which of its arguments is the address."""


def refuse_outside() -> None:
    """Guard this process from now on.

    No audit hook: CPython 3.11 breaks when one is called while another thread is traced for
    coverage. Every socket of Python is of this class.
    """
    for method, place in _SENDING.items():
        setattr(socket.socket, method, _guarded(getattr(socket.socket, method), place))
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
        _check_name(host)
        return resolve(host, *arguments, **options)

    socket.getaddrinfo = getaddrinfo


def _guarded(method: Callable[..., Any], place: int) -> Callable[..., Any]:
    def guarded(self: socket.socket, *arguments: Any) -> Any:
        address = arguments[place] if place < len(arguments) else None
        if isinstance(address, tuple) and not _is_loopback(address[0]):
            raise AssertionError(f"a test reached out to {address}")
        return method(self, *arguments)

    return guarded


def _check_name(host: Any) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    if name not in LOCAL_NAMES and name.endswith(".invalid"):  # RFC 6761: never resolves
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    if not _is_loopback(name):
        raise AssertionError(f"a test wanted the address of {name}")


def _is_loopback(host: Any) -> bool:
    if host in LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(host.split("%")[0]).is_loopback
    except ValueError:
        return False
