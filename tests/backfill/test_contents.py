"""Parts of a file depend on what it says, not on how it is stored."""

import gzip
import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.backfill import contents
from exporters.backfill.contents import Contents
from exporters.fastly.receive_refusals import Refused
from exporters.fastly.segment import digest


class Parts:
    """A sink that keeps what it gets."""

    def __init__(self) -> None:
        self.parts: list[tuple[str, int, bytes]] = []
        self._lines = b""

    def write(self, lines: bytes) -> None:
        self._lines += lines

    def end(self, name: str, lines: int) -> None:
        self.parts.append((name, lines, self._lines))
        self._lines = b""


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "PART", 1000)


def parts(stored: bytes, block: int = 1 << 20) -> list[tuple[str, int, bytes]]:
    sink = Parts()
    reading = Contents("", 4096, sink)
    for at in range(0, len(stored), block):
        reading.feed(stored[at : at + block])
    reading.finish()
    return sink.parts


LOG = b"".join(b'{"n":%d}\n' % n for n in range(1000))
ARRAY = json.dumps([{"n": n, "m": "x" * 20} for n in range(300)], indent=1).encode()


@given(block=st.integers(1, 5000), content=st.sampled_from([LOG, LOG.rstrip(), ARRAY]))
def test_parts_are_the_same_in_any_blocks_and_any_compression(block: int, content: bytes) -> None:
    whole = parts(content)
    assert len(whole) > 3
    assert parts(content, block) == whole
    assert parts(gzip.compress(content), block) == whole
    cut = content.index(b"\n", 700) + 1
    assert parts(gzip.compress(content[:cut]) + gzip.compress(content[cut:])) == whole


def test_no_line_is_lost_between_parts() -> None:
    found = parts(LOG)
    assert b"".join(lines for _, _, lines in found) == LOG
    assert [lines.count(b"\n") for _, _, lines in found] == [n for _, n, _ in found]
    objects = [json.loads(line) for _, _, lines in parts(ARRAY) for line in lines.splitlines()]
    assert [each["n"] for each in objects] == list(range(300))


def test_every_part_has_a_digest_of_its_own_and_a_small_file_that_of_its_content() -> None:
    names = [name for name, _, _ in parts(LOG + LOG)]
    assert len(set(names)) == len(names)
    assert parts(b"a\n")[0][0] == digest(b"a\n")
    # A log that has grown has the parts that it had.
    assert [name for name, _, _ in parts(LOG)][:-1] == names[: len(parts(LOG)) - 1]


def test_a_file_without_lines_has_no_parts() -> None:
    assert parts(b"") == parts(b"\n\n") == parts(gzip.compress(b"")) == []


def test_a_line_end_at_the_end_of_a_part_begins_no_empty_one() -> None:
    exact = b"x" * 499 + b"\n"
    assert [n for _, n, _ in parts(exact * 4)] == [2, 2]
    assert all(left[0] != right[0] for left, right in pairwise(parts(exact * 4)))


def test_a_broken_file_is_refused() -> None:
    with pytest.raises(Refused):
        parts(gzip.compress(LOG)[:-9])
