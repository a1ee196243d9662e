"""Passwords against bcrypt hashes: off the event loop, a few at once, and each pair only once."""

import asyncio
import hashlib
import secrets
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, ip_address
from typing import Self

import bcrypt

LONGEST = 72
"""Bytes of a password that bcrypt looks at; Go and htpasswd ignore the rest, Python refuses it."""


class Verdict(Enum):
    """What became of a password."""

    ALLOWED = "allowed"
    REFUSED = "refused"
    CROWDED = "crowded"
    """This client has as many checks under way as one client may."""
    BUSY = "busy"
    """Too many checks are waiting, of whichever client."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much bcrypt strangers may have done. A check of cost 10 takes 70 ms of a core."""

    workers: int = 1
    """Upstream checks one at a time too: a flood gets one core, not those of its neighbours."""
    waiting: int = 16
    per_client: int = 4
    """Checks under way, waiting or not, of one address (IPv4) or network (IPv6, /64)."""
    deadline: float = 10.0
    """Seconds after which a client is told that we are busy; the check goes on."""
    remembered: int = 1024
    """Pairs known good, and as many known bad."""


def matches(password: bytes, hashed: bytes) -> bool:
    """Whether bcrypt makes this hash of this password; in constant time for a given cost."""
    try:
        return bcrypt.checkpw(password, hashed)
    except ValueError:  # a password that this version of bcrypt does not take
        return False


class PasswordChecker:
    """Checks passwords in threads while it is entered.

    What was checked is remembered under a keyed digest, good and bad apart, so that a flood of
    wrong passwords neither grows memory nor drives out a user that is known. A name that is not
    there is checked against the hash of one that is, and so takes the same time.
    """

    def __init__(
        self,
        bounds: Bounds = Bounds(),
        check: Callable[[bytes, bytes], bool] = matches,
    ) -> None:
        self._bounds = bounds
        self._check = check
        self._key = secrets.token_bytes(32)
        self._good = _Remembered(bounds.remembered)
        self._bad = _Remembered(bounds.remembered)
        self._running: dict[bytes, asyncio.Future[bool]] = {}
        self._clients: Counter[str] = Counter()
        self._threads: ThreadPoolExecutor | None = None

    def __enter__(self) -> Self:
        self._threads = ThreadPoolExecutor(self._bounds.workers, thread_name_prefix="bcrypt")
        return self

    def __exit__(self, *_: object) -> None:
        if self._threads:
            for future in tuple(self._running.values()):
                future.cancel()
            # A check that runs cannot be broken off, but none takes longer than a few seconds.
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._threads = None

    async def verdict(
        self, users: Mapping[bytes, bytes], user: bytes, password: bytes, client: str
    ) -> Verdict:
        """Return what becomes of a name and password that came from the address `client`.

        Requests with the same ones share one check; one that nobody waits for any more
        goes on, and is remembered.
        """
        password = password[:LONGEST]
        known = user in users
        hashed = users[user] if known else self._stand_in(users, user)
        # The hash is part of what is remembered: a new one in the file ends the old password.
        digest = self._digest(b"known" if known else b"", user, hashed, password)
        if digest in self._good:
            return Verdict.ALLOWED
        if digest in self._bad:
            return Verdict.REFUSED
        future = self._running.get(digest)
        if future is None:
            network = _network(client)
            if refusal := self._full(network):
                return refusal
            future = self._start(digest, network, lambda: self._check(password, hashed) and known)
        await asyncio.wait({future}, timeout=self._bounds.deadline)
        if not future.done() or future.cancelled():
            return Verdict.BUSY
        return Verdict.ALLOWED if future.result() else Verdict.REFUSED

    def _full(self, network: str) -> Verdict | None:
        if len(self._running) >= self._bounds.workers + self._bounds.waiting:
            return Verdict.BUSY
        return Verdict.CROWDED if self._clients[network] >= self._bounds.per_client else None

    def _start(
        self, digest: bytes, network: str, check: Callable[[], bool]
    ) -> asyncio.Future[bool]:
        def finished(future: asyncio.Future[bool]) -> None:
            del self._running[digest]
            self._clients -= Counter([network])  # drops networks without a check
            if not future.cancelled() and future.exception() is None:
                (self._good if future.result() else self._bad).add(digest)

        future = asyncio.get_running_loop().run_in_executor(self._threads, check)
        self._running[digest] = future
        self._clients[network] += 1
        future.add_done_callback(finished)
        return future

    def _stand_in(self, users: Mapping[bytes, bytes], user: bytes) -> bytes:
        """Return the hash of some user, always the same one for a name that is not there."""
        hashes = list(users.values())
        return hashes[int.from_bytes(self._digest(user)) % len(hashes)]

    def _digest(self, *parts: bytes) -> bytes:
        digest = hashlib.blake2b(key=self._key, digest_size=32)
        for part in parts:
            digest.update(len(part).to_bytes(8) + part)
        return digest.digest()


class _Remembered:
    """A set of bounded size; what nobody has asked for the longest leaves it first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._digests: OrderedDict[bytes, None] = OrderedDict()

    def __contains__(self, digest: bytes) -> bool:
        if digest not in self._digests:
            return False
        self._digests.move_to_end(digest)
        return True

    def add(self, digest: bytes) -> None:
        """Keep one more, and forget one if they are too many."""
        self._digests[digest] = None
        if len(self._digests) > self._limit:
            self._digests.popitem(last=False)


def _network(client: str) -> str:
    """Return what one client commands: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        address = ip_address(client)
    except ValueError:
        return client
    if isinstance(address, IPv4Address):
        return client
    return str(address.ipv4_mapped) if address.ipv4_mapped else address.exploded[:19]
