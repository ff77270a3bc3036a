"""Proxies of the environment."""

import pytest

from swapper.runtime.proxies import settle_proxies
from swapper.types import UserError


@pytest.mark.parametrize("variable", ["ALL_PROXY", "all_proxy", "https_proxy", "HTTP_PROXY"])
def test_socks_as_desktops_write_it(variable: str) -> None:
    environ = {variable: "socks://user:secret@10.0.0.1:1080/"}
    settle_proxies(environ)
    assert environ == {variable: "socks5://user:secret@10.0.0.1:1080/"}


@pytest.mark.parametrize(
    "proxy", ["http://10.0.0.1:80", "https://10.0.0.1", "socks5://10.0.0.1", "socks5h://10.0.0.1", "10.0.0.1:80", ""]
)
def test_what_libraries_understand_stays(proxy: str) -> None:
    environ = {"ALL_PROXY": proxy}
    settle_proxies(environ)
    assert environ == {"ALL_PROXY": proxy}


@pytest.mark.parametrize("kind", ["socks4", "socks4a", "ftp", "quic"])
def test_other_kinds_are_named_without_their_password(kind: str) -> None:
    with pytest.raises(UserError, match=rf"^Environment variable ALL_PROXY: '{kind}://' is no kind of proxy") as error:
        settle_proxies({"ALL_PROXY": f"{kind}://user:secret@10.0.0.1:1080"})
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, "localhost,127.0.0.1,::1,10.0.0.7"),
        ({"NO_PROXY": "example.com, localhost"}, "example.com,localhost,127.0.0.1,::1,10.0.0.7"),
        ({"no_proxy": "a.example", "NO_PROXY": "b.example"}, "a.example,localhost,127.0.0.1,::1,10.0.0.7"),
    ],
)
def test_own_addresses_need_no_proxy(before: dict[str, str], after: str) -> None:
    environ = dict(before)
    settle_proxies(environ, own=["10.0.0.7"])
    assert environ["no_proxy"] == environ["NO_PROXY"] == after
    environ = dict(before)
    settle_proxies(environ)
    assert environ == before, "programs that serve nothing change nothing"
