"""User names and passwords of registries, as `docker login` keeps them. Pure parsing."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from exporters.containers.deploys.images import HUB
from exporters.core.errors import SourceRejected

_HUB_NAMES = frozenset(("index.docker.io", "registry-1.docker.io", "docker.io"))


@dataclass(frozen=True, slots=True)
class Login:
    """Who we are to a registry."""

    user: str
    password: str = field(repr=False)


def parse_credentials(text: str) -> Mapping[str, Login]:
    """Return the logins of a `config.json`, by the registry's host and port.

    Raises SourceRejected where the file is none. Entries that name a credential helper have no
    password here and are left out.
    """
    try:
        auths = json.loads(text)["auths"]
        found = ((_host(key), _login(value)) for key, value in auths.items())
        return {host: login for host, login in found if login}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        # The parser's words may quote the file.
        raise SourceRejected("registry_credentials_file is no config.json of docker") from None


def _login(entry: Mapping[str, Any]) -> Login | None:
    if entry.get("username") and entry.get("password"):
        return Login(str(entry["username"]), str(entry["password"]))
    try:
        user, colon, password = base64.b64decode(entry.get("auth", "")).decode().partition(":")
    except binascii.Error as error:
        raise ValueError from error
    return Login(user, password) if colon else None


def _host(key: str) -> str:
    host = key.partition("://")[2] or key
    host = host.partition("/")[0]
    return HUB if host in _HUB_NAMES else host
