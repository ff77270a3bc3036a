"""Proxies named by the environment: written so that the libraries understand them, and never used for own addresses."""

import os
from collections.abc import Iterable, MutableMapping

from swapper.errors import UserError

VARIABLES = ("http_proxy", "https_proxy", "all_proxy")
KINDS = ("http", "https", "socks5", "socks5h")  # that httpx knows
OWN = ("localhost", "127.0.0.1", "::1")
BAD_PROXY = (
    "Environment variable {variable}: '{kind}://' is no kind of proxy that can be used here. "
    "Set one that begins with http://, https:// or socks5://, or unset it."
)


def settle_proxies(environ: MutableMapping[str, str] | None = None, own: Iterable[str] | None = None) -> None:
    """Rewrite proxy variables in place.

    ``socks://``, as desktops write it, becomes ``socks5://``, and a missing ``http://`` is left to the libraries.

    Args:
        environ: variables; the process's own when None.
        own: more hosts, beside this machine's usual names, that are reached without a proxy; None leaves
            ``no_proxy`` as it is, for programs that serve nothing.

    Raises:
        UserError: a proxy of a kind that cannot be used; going without it could show what it was meant to hide.
    """
    environ = os.environ if environ is None else environ
    for variable in [name for low in VARIABLES for name in (low, low.upper()) if environ.get(name)]:
        kind, mark, rest = environ[variable].strip().partition("://")
        if mark and kind.lower() == "socks":
            environ[variable] = f"socks5://{rest}"
        elif mark and kind.lower() not in KINDS:
            raise UserError(BAD_PROXY.format(variable=variable, kind=kind))
    if own is not None:
        past = (environ.get("no_proxy") or environ.get("NO_PROXY") or "").split(",")
        hosts = dict.fromkeys([host.strip() for host in past if host.strip()] + [*OWN, *own])
        environ["no_proxy"] = environ["NO_PROXY"] = ",".join(hosts)
