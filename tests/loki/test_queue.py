"""The queue on disk: what was appended is there, whole, once, in its order."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from exporters.core.errors import StartError
from exporters.loki.queue import Batch, Queue
from exporters.loki.records import Record

QUOTA = 10**9
SMALL = 8000
"""A quota whose segments are of a thousand bytes."""


@contextmanager
def opened(folder: Path, quota: int = QUOTA) -> Iterator[Queue]:
    queue = Queue(folder, quota)
    queue.open()
    try:
        yield queue
    finally:
        queue.close()


def batch(text: str) -> Batch:
    return Batch(1, 5, "protobuf", text.encode())


def rest(queue: Queue) -> list[str]:
    """Settle all that is there."""
    found = []
    while record := queue.take():
        found.append(record.body.decode())
        queue.settle(record)
    return found


def names(count: int, start: int = 0) -> list[str]:
    return [f"batch {n} ".ljust(300, "x") for n in range(start, start + count)]


def fill(queue: Queue, texts: Sequence[str]) -> int:
    return sum(queue.append([batch(text)], {"at": text.strip("x")}) for text in texts)


def test_batches_come_out_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    with opened(tmp_path, SMALL) as queue:
        fill(queue, names(12))
        assert rest(queue) == names(12)
        assert queue.size == 0


def test_a_batch_stays_until_it_is_settled(tmp_path: Path) -> None:
    with opened(tmp_path) as queue:
        fill(queue, ["a"])
        first = queue.take()
        assert first == queue.take()
        assert first
        assert queue.holds(first)
        queue.settle(first)
        assert not queue.holds(first)
        assert queue.take() is None


def test_what_was_not_settled_is_there_after_a_restart(tmp_path: Path) -> None:
    with opened(tmp_path, SMALL) as queue:
        fill(queue, names(12))
        for _ in range(7):
            queue.settle(taken(queue))
    with opened(tmp_path, SMALL) as queue:
        assert rest(queue) == names(12)[7:]
    with opened(tmp_path, SMALL) as queue:
        assert rest(queue) == []


def taken(queue: Queue) -> Record:
    record = queue.take()
    assert record
    return record


def test_cursors_outlive_a_restart_and_the_batches_that_they_came_with(tmp_path: Path) -> None:
    with opened(tmp_path, SMALL) as queue:
        queue.append([], {"early": "1", "gone": "1"})
        fill(queue, names(12))
        queue.append([], {"gone": None})
        rest(queue)
        assert len(list(tmp_path.glob("*.queue"))) == 1
    with opened(tmp_path, SMALL) as queue:
        assert queue.cursors == {"early": "1", "at": "batch 11 "}


def test_a_power_cut_that_loses_what_was_settled_repeats_little(tmp_path: Path) -> None:
    with opened(tmp_path) as queue:
        fill(queue, ["a", "b"])
        rest(queue)
        fill(queue, ["c"])
        rest(queue)
    (tmp_path / "settled").write_bytes(b"\1\2\3")
    with opened(tmp_path) as queue:
        assert rest(queue) == ["c"]


@pytest.mark.parametrize("count", [1, 3])
def test_wherever_the_file_is_torn_a_commit_is_there_whole_or_not_at_all(
    tmp_path: Path, count: int
) -> None:
    with opened(tmp_path / "full") as queue:
        queue.append([batch("first")], {"at": "first"})
        (path,) = (tmp_path / "full").glob("*.queue")
        safe = path.stat().st_size
        queue.append([batch(f"more {n}") for n in range(count)], {"at": "more"})
    whole = path.read_bytes()
    folder = tmp_path / "torn"
    folder.mkdir()
    for size in (*range(safe, len(whole), 7), len(whole) - 1):
        (folder / path.name).write_bytes(whole[:size])
        (folder / "settled").unlink(missing_ok=True)
        with opened(folder) as queue:
            assert queue.cursors == {"at": "first"}
            assert (folder / path.name).stat().st_size == safe
            fill(queue, ["after"])
            assert rest(queue) == ["first", "after"]


def test_a_torn_first_record_of_a_segment_leaves_the_one_before_it(tmp_path: Path) -> None:
    with opened(tmp_path) as queue:
        fill(queue, ["a"])
    (tmp_path / f"{99:020d}.queue").write_bytes(b"NFL1 and no more")
    with opened(tmp_path) as queue:
        assert queue.cursors == {"at": "a"}
        assert rest(queue) == ["a"]


def test_over_the_quota_the_oldest_go_and_are_counted(tmp_path: Path) -> None:
    with opened(tmp_path, SMALL) as queue:
        dropped = fill(queue, names(100))
        files = sum(path.stat().st_size for path in tmp_path.glob("*.queue"))
        assert files <= SMALL
        left = rest(queue)
        assert left == names(100)[-len(left) :]
        assert dropped == 100 - len(left) > 70


def test_a_batch_on_its_way_is_not_counted_as_dropped_before_it_failed(tmp_path: Path) -> None:
    with opened(tmp_path, SMALL) as queue:
        fill(queue, names(1))
        record = taken(queue)
        dropped = fill(queue, names(100, 1))
        assert not queue.holds(record)
        queue.settle(record)
        assert dropped + len(rest(queue)) == 100


def test_behind_what_cannot_be_read_the_next_segment_begins(tmp_path: Path) -> None:
    with opened(tmp_path, SMALL) as queue:
        fill(queue, names(12))
    first = min(tmp_path.glob("*.queue"))
    content = bytearray(first.read_bytes())
    content[content.index(b"batch 1")] ^= 1
    first.write_bytes(content)
    with opened(tmp_path, SMALL) as queue:
        found = rest(queue)
        assert queue.damaged == 1
    assert found[0] == names(1)[0]
    assert names(12)[1] not in found
    assert found[1:] == names(12)[-len(found[1:]) :]
    assert len(found) > 8


@pytest.mark.parametrize("call", ["pwrite", "fdatasync"])
def test_a_batch_that_the_disk_did_not_take_can_be_appended_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    works = getattr(os, call)

    def fails(*args: Any) -> Any:
        if call == "pwrite":
            works(args[0], bytes(args[1])[:10], args[2])
        raise OSError(28, "No space left on device")

    with opened(tmp_path) as queue:
        fill(queue, ["a"])
        with monkeypatch.context() as patch:
            patch.setattr(os, call, fails)
            for _ in range(3):
                with pytest.raises(OSError, match="No space"):
                    fill(queue, ["b"])
        assert queue.cursors == {"at": "a"}
        fill(queue, ["b"])
    with opened(tmp_path) as queue:
        assert rest(queue) == ["a", "b"]


def test_a_folder_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match=r"logs: cannot use the folder .*: not a directory"):
        Queue(tmp_path / "file" / "queue", QUOTA).open()


def test_nobody_else_may_read_the_files(tmp_path: Path) -> None:
    with opened(tmp_path / "new") as queue:
        fill(queue, ["a"])
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "new").iterdir())
