"""Short ways to write where a server is."""

from __future__ import annotations

import pytest

from pytest_overnight.models.address import base_url


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:11434"),
        ("gpu:8080", "http://gpu:8080"),
        ("gpu/", "http://gpu:11434"),
        ("[::1]", "http://[::1]:11434"),
        ("[::1]:8080", "http://[::1]:8080"),
        ("http://gpu:8080/", "http://gpu:8080"),
        ("https://gpu", "https://gpu"),
    ],
)
def test_a_host_may_be_short(host: str, url: str) -> None:
    assert base_url(host) == url
