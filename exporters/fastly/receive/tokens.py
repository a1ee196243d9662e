"""The shared secrets of senders: several at a time, so that one can be exchanged."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Self

from pydantic import SecretStr

from exporters.core.errors import SettingsError

BEARER = "Authorization"


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens that open a door. Only their digests are kept."""

    header: str = BEARER
    digests: tuple[bytes, ...] = field(default=(), repr=False)

    @classmethod
    def parse(cls, secret: SecretStr, setting: str, header: str = BEARER) -> Self:
        """Read one token a line; SettingsError where there is none."""
        lines = (line.strip() for line in secret.get_secret_value().splitlines())
        tokens = [line for line in lines if line]
        if not tokens:
            raise SettingsError([f"{setting}: wants a file with one token a line"])
        return cls(header, tuple(_digest(token.encode()) for token in dict.fromkeys(tokens)))

    def admit(self, headers: Mapping[str, str]) -> bool:
        """Whether a request brings one: `Authorization: Bearer TOKEN`, or the header alone."""
        value = headers.get(self.header, "")
        if self.header.lower() == BEARER.lower():
            scheme, _, value = value.partition(" ")
            if scheme.lower() != "bearer":
                value = ""
        return self.match(value.strip().encode(errors="surrogateescape"))

    def match(self, token: bytes) -> bool:
        """Whether this is one of them. How long it takes depends on how many there are alone."""
        given = _digest(token)
        found = False
        for digest in self.digests:
            found |= hmac.compare_digest(digest, given)
        return found


def _digest(token: bytes) -> bytes:
    return sha256(token).digest()
