"""Passwords are checked off the loop, a few at once, each pair once, whoever floods us."""

import asyncio
import threading
import time
from collections.abc import Iterator

import bcrypt
import pytest

from exporters.core.web.passwords import Bounds, PasswordChecker, Verdict
from tests.core.web.serving import until

HASH = bcrypt.hashpw(b"right", bcrypt.gensalt(4))
USERS = {b"alice": HASH}
HOME = "192.0.2.1"


class Gate:
    """A check that waits until it is let go, and writes down what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[bytes, bytes]] = []
        self.threads: set[str] = set()
        self.at_once = 0
        self.most_at_once = 0
        self._lock = threading.Lock()
        self._open = threading.Event()

    def __call__(self, password: bytes, hashed: bytes) -> bool:
        with self._lock:
            self.asked.append((password, hashed))
            self.threads.add(threading.current_thread().name)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        self._open.wait(10)
        with self._lock:
            self.at_once -= 1
        return password == b"right"

    async def busy(self) -> bool:
        return self.at_once > 0

    async def full(self) -> bool:
        return self.at_once == 2

    def open(self) -> None:
        self._open.set()

    def close(self) -> None:
        self._open.clear()


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    gate.open()
    yield gate
    gate.open()


async def test_the_right_password_is_allowed_and_others_refused() -> None:
    with PasswordChecker() as checker:
        assert await checker.verdict(USERS, b"alice", b"right", HOME) is Verdict.ALLOWED
        assert await checker.verdict(USERS, b"alice", b"wrong", HOME) is Verdict.REFUSED
        assert await checker.verdict(USERS, b"alice", b"", HOME) is Verdict.REFUSED
        assert await checker.verdict(USERS, b"bob", b"right", HOME) is Verdict.REFUSED
        assert await checker.verdict(USERS, b"", b"\0\xff", HOME) is Verdict.REFUSED


async def test_bcrypt_ends_at_72_bytes_as_everywhere() -> None:
    long = b"x" * 100
    users = {b"alice": bcrypt.hashpw(long[:72], bcrypt.gensalt(4))}
    with PasswordChecker() as checker:
        assert await checker.verdict(users, b"alice", long, HOME) is Verdict.ALLOWED
        assert await checker.verdict(users, b"alice", long[:71], HOME) is Verdict.REFUSED


@pytest.mark.parametrize(
    ("user", "password", "verdict"),
    [
        (b"alice", b"right", Verdict.ALLOWED),
        (b"alice", b"wrong", Verdict.REFUSED),
        (b"mallory", b"right", Verdict.REFUSED),
    ],
)
async def test_a_pair_is_checked_once_and_remembered(
    gate: Gate, user: bytes, password: bytes, verdict: Verdict
) -> None:
    with PasswordChecker(check=gate) as checker:
        for _ in range(3):
            assert await checker.verdict(USERS, user, password, HOME) is verdict
    assert len(gate.asked) == 1


async def test_a_name_that_is_not_there_takes_the_same_check_as_one_that_is(gate: Gate) -> None:
    users = {b"alice": b"hash of alice", b"bob": b"hash of bob"}
    names = [b"mallory%d" % number for number in range(40)]
    with PasswordChecker(check=gate) as checker:
        for name in names:
            await checker.verdict(users, name, b"guess", HOME)
    hashes = [hashed for _, hashed in gate.asked]
    assert len(hashes) == len(names)
    assert set(hashes) == {b"hash of alice", b"hash of bob"}


async def test_the_password_of_a_stand_in_opens_nothing(gate: Gate) -> None:
    with PasswordChecker(check=gate) as checker:
        assert await checker.verdict(USERS, b"mallory", b"right", HOME) is Verdict.REFUSED
        users = {**USERS, b"mallory": HASH}
        assert await checker.verdict(users, b"mallory", b"right", HOME) is Verdict.ALLOWED
        assert await checker.verdict(USERS, b"mallory", b"right", HOME) is Verdict.REFUSED


async def test_a_new_hash_ends_the_old_password() -> None:
    with PasswordChecker() as checker:
        assert await checker.verdict(USERS, b"alice", b"right", HOME) is Verdict.ALLOWED
        users = {b"alice": bcrypt.hashpw(b"new", bcrypt.gensalt(4))}
        assert await checker.verdict(users, b"alice", b"right", HOME) is Verdict.REFUSED
        assert await checker.verdict(users, b"alice", b"new", HOME) is Verdict.ALLOWED


async def test_names_and_passwords_do_not_run_into_each_other(gate: Gate) -> None:
    users = {b"a": b"h", b"ah": b"h"}
    with PasswordChecker(check=gate) as checker:
        await checker.verdict(users, b"a", b"hx", HOME)
        await checker.verdict(users, b"ah", b"x", HOME)
    assert len(gate.asked) == 2


async def test_checks_run_in_threads_of_their_own_and_not_too_many_at_once(
    gate: Gate,
) -> None:
    gate.close()
    with PasswordChecker(Bounds(workers=2), gate) as checker:
        asked = [
            asyncio.create_task(checker.verdict(USERS, b"alice", b"%d" % n, f"192.0.2.{n}"))
            for n in range(10)
        ]
        await until(gate.full)
        gate.open()
        assert set(await asyncio.gather(*asked)) == {Verdict.REFUSED}
    assert gate.most_at_once == 2
    assert all(name.startswith("bcrypt") for name in gate.threads)


async def test_requests_with_the_same_password_share_one_check(gate: Gate) -> None:
    gate.close()
    with PasswordChecker(check=gate) as checker:
        asked = [
            asyncio.create_task(checker.verdict(USERS, b"alice", b"right", HOME)) for _ in range(50)
        ]
        await until(gate.busy)
        gate.open()
        assert set(await asyncio.gather(*asked)) == {Verdict.ALLOWED}
    assert len(gate.asked) == 1


async def test_one_client_can_have_only_a_few_checks_under_way(gate: Gate) -> None:
    gate.close()
    with PasswordChecker(Bounds(workers=2, per_client=2), gate) as checker:
        slow = [
            asyncio.create_task(checker.verdict(USERS, b"alice", b"%d" % n, f"2001:db8::{n}"))
            for n in range(2)
        ]
        await until(gate.full)
        same_network = "2001:db8::ffff:ffff:ffff:ffff"
        assert await checker.verdict(USERS, b"alice", b"x", same_network) is Verdict.CROWDED
        other = asyncio.create_task(checker.verdict(USERS, b"alice", b"right", "2001:db8:0:1::1"))
        gate.open()
        assert await other is Verdict.ALLOWED
        assert await asyncio.gather(*slow) == [Verdict.REFUSED] * 2
        assert await checker.verdict(USERS, b"alice", b"x", same_network) is Verdict.REFUSED


async def test_ipv4_clients_of_an_ipv6_listener_are_told_apart(gate: Gate) -> None:
    gate.close()
    with PasswordChecker(Bounds(per_client=1), gate) as checker:
        asked = [
            asyncio.create_task(checker.verdict(USERS, b"alice", b"%d" % n, f"::ffff:192.0.2.{n}"))
            for n in range(3)
        ]
        await until(gate.busy)
        gate.open()
        assert await asyncio.gather(*asked) == [Verdict.REFUSED] * 3


async def test_what_is_asked_for_again_is_remembered_longer(gate: Gate) -> None:
    with PasswordChecker(Bounds(remembered=2), gate) as checker:
        for password in (b"0", b"1", b"0", b"2", b"0", b"1"):
            await checker.verdict(USERS, b"alice", password, HOME)
    assert [password for password, _ in gate.asked] == [b"0", b"1", b"2", b"1"]


async def test_a_flood_from_everywhere_is_told_that_we_are_busy(gate: Gate) -> None:
    gate.close()
    with PasswordChecker(Bounds(workers=2, waiting=3), gate) as checker:
        slow = [
            asyncio.create_task(checker.verdict(USERS, b"alice", b"%d" % n, f"192.0.2.{n}"))
            for n in range(5)
        ]
        await until(gate.full)
        for n in range(5, 50):
            verdict = await checker.verdict(USERS, b"alice", b"%d" % n, f"192.0.2.{n}")
            assert verdict is Verdict.BUSY
        gate.open()
        assert await asyncio.gather(*slow) == [Verdict.REFUSED] * 5
    assert len(gate.asked) == 5


async def test_a_user_that_is_remembered_gets_in_during_a_flood(gate: Gate) -> None:
    with PasswordChecker(Bounds(workers=2, waiting=0), gate) as checker:
        assert await checker.verdict(USERS, b"alice", b"right", HOME) is Verdict.ALLOWED
        gate.close()
        flood = [
            asyncio.create_task(checker.verdict(USERS, b"alice", b"%d" % n, HOME)) for n in range(9)
        ]
        await until(gate.full)
        assert await checker.verdict(USERS, b"alice", b"right", HOME) is Verdict.ALLOWED
        gate.open()
        await asyncio.gather(*flood)


async def test_wrong_passwords_neither_grow_memory_nor_drive_out_a_good_one(gate: Gate) -> None:
    with PasswordChecker(Bounds(remembered=4), gate) as checker:
        await checker.verdict(USERS, b"alice", b"right", HOME)
        for n in range(40):
            await checker.verdict(USERS, b"alice", b"%d" % n, HOME)
        gate.asked.clear()
        assert await checker.verdict(USERS, b"alice", b"right", HOME) is Verdict.ALLOWED
        for n in range(36, 40):
            await checker.verdict(USERS, b"alice", b"%d" % n, HOME)
        assert gate.asked == []
        await checker.verdict(USERS, b"alice", b"0", HOME)
        assert len(gate.asked) == 1


async def test_who_waits_too_long_is_told_so_and_the_answer_is_kept(gate: Gate) -> None:
    gate.close()
    with PasswordChecker(Bounds(deadline=0.01), gate) as checker:
        assert await checker.verdict(USERS, b"alice", b"right", HOME) is Verdict.BUSY
        gate.open()

        async def known() -> bool:
            return await checker.verdict(USERS, b"alice", b"right", HOME) is Verdict.ALLOWED

        await until(known)
    assert len(gate.asked) == 1


async def test_who_leaves_while_waiting_takes_nobody_along(gate: Gate) -> None:
    gate.close()
    with PasswordChecker(check=gate) as checker:
        leaves = asyncio.create_task(checker.verdict(USERS, b"alice", b"right", HOME))
        stays = asyncio.create_task(checker.verdict(USERS, b"alice", b"right", HOME))
        await until(gate.busy)
        leaves.cancel()
        gate.open()
        assert await stays is Verdict.ALLOWED
    assert leaves.cancelled()


async def test_closing_does_not_wait_for_what_strangers_asked(gate: Gate) -> None:
    gate.close()
    with PasswordChecker(Bounds(workers=2), gate) as checker:
        asked = [
            asyncio.create_task(checker.verdict(USERS, b"alice", b"%d" % n, f"192.0.2.{n}"))
            for n in range(5)
        ]
        await until(gate.full)
    assert set(await asyncio.gather(*asked)) == {Verdict.BUSY}
    gate.open()
    assert len(gate.asked) == 2


async def test_the_loop_turns_while_bcrypt_works() -> None:
    users = {b"alice": bcrypt.hashpw(b"right", bcrypt.gensalt(10))}
    with PasswordChecker() as checker:
        asked = [
            asyncio.create_task(checker.verdict(users, b"alice", b"%d" % n, f"192.0.2.{n}"))
            for n in range(4)
        ]
        turns, began = 0, time.monotonic()
        while not all(task.done() for task in asked):
            await asyncio.sleep(0)
            turns += 1
        took = time.monotonic() - began
    # On the loop itself it would turn once or twice a check.
    assert turns > 100, f"{turns} turns in {took:.3f} s"
