"""No test gets off this machine."""

from __future__ import annotations

import socket

import pytest

ELSEWHERE = "192.0.2.1"  # RFC 5737: for documentation


@pytest.mark.parametrize("method", ["connect", "connect_ex"])
def test_connecting_elsewhere_fails(method):
    with socket.socket() as client, pytest.raises(AssertionError, match="reached out"):
        getattr(client, method)((ELSEWHERE, 80))


def test_sending_elsewhere_fails():
    with (
        socket.socket(type=socket.SOCK_DGRAM) as client,
        pytest.raises(AssertionError, match="reached out"),
    ):
        client.sendto(b"", (ELSEWHERE, 80))


@pytest.mark.parametrize("name", ["example.com", b"example.com", ELSEWHERE])
def test_asking_for_an_address_fails(name):
    with pytest.raises(AssertionError, match="wanted the address"):
        socket.getaddrinfo(name, 80)


def test_a_name_that_never_resolves_does_not():
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("nowhere.invalid", 80)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost"])
def test_loopback_is_open(host):
    with socket.create_server(("0.0.0.0", 0)) as server:  # noqa: S104 (any loopback address)
        socket.create_connection((host, server.getsockname()[1])).close()
