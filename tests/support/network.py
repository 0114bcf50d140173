"""Keeps the tests on loopback: whoever connects, sends or resolves elsewhere fails."""

from __future__ import annotations

import ipaddress
import socket
import sys
from typing import Any

LOCAL_NAMES = {"localhost", "", None}


def refuse_outside() -> None:
    """Guard this process from now on. An audit hook, since nothing in Python gets around it."""
    sys.addaudithook(_audit)


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        address = arguments[1]
        if isinstance(address, tuple) and not _is_loopback(address[0]):
            raise AssertionError(f"a test reached out to {address}")
    elif event == "socket.getaddrinfo":
        _check_name(arguments[0])


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
