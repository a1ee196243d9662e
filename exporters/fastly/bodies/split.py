"""Splitters: inflated bytes in, blocks of whole lines out; only the last part of a line is held.

Fastly writes a batch as lines or as one JSON array. Objects of an array are told apart by what
stands between two of them: `},{"key":`. Inside a JSON string that cannot stand, since its quotes
would be escaped; so what follows a broken object is found again. Only a list of objects inside an
object looks the same, and brackets are counted where there may be one. (Keys that begin with a
colon or are made of brackets and commas could fool it; no log has any.)
"""

import re
from codecs import BOM_UTF8
from dataclasses import dataclass, field
from io import BytesIO
from typing import Protocol

HEAD = 2048
"""Bytes of a rejected line that are kept for whoever wants to know what it was."""

_SAMPLES = 16
_START = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*+(?:(?P<array>\[)\s*+(?=[{\]])|(?=\[\s*+[^\s{\]]|[^\s\[]))"
)
_LONGEST_START = 64 * 1024
_BETWEEN = re.compile(
    rb"\}\s*+(?:,|\]\s*+,?\s*+\[)\s*+"
    # What follows is a key: no string whose quotes are others' (`"},{", "key":`).
    rb'(?=\{\s*+"(?![\s,{}\[\]]++")[^"\\]*+(?:\\.[^"\\]*+)*+"\s*+:)',
    re.DOTALL,
)
_STRADDLING = 1024
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_LONG = 128
_BLANK_LINES = re.compile(rb"\n{2,}")
_BREAKS = bytes.maketrans(b"\r\n", b"  ")


@dataclass(slots=True)
class TooLong:
    """Lines that were left out for their length: how many, and how some of them begin."""

    count: int = 0
    heads: list[bytes] = field(default_factory=list)

    def add(self, line: bytes) -> None:
        """Count a line; its beginning is kept if it is one of the first."""
        self.count += 1
        if len(self.heads) < _SAMPLES:
            self.heads.append(line[:HEAD])


class Splitter(Protocol):
    """Gives blocks of whole lines, each line ended by LF and none of them empty."""

    lines: int
    """How many lines it has given."""

    def feed(self, data: bytes) -> bytes:
        """Return the lines that end in `data`."""

    def finish(self) -> bytes:
        """Return the last line, if it did not end yet."""


class Lines:
    """Lines that end with LF or CR LF; the last one may lack it."""

    def __init__(self, limit: int, too_long: TooLong) -> None:
        self.lines = 0
        self._limit = limit
        self._too_long = too_long
        self._tail = b""
        self._skipping = False

    def feed(self, data: bytes) -> bytes:
        """Return the lines that end in `data`."""
        end = data.rfind(b"\n") + 1
        if not end:
            self._keep(self._tail + data)
            return b""
        block = b"".join((self._tail, memoryview(data)[:end]))  # copied once, not twice
        if self._skipping:
            block, self._skipping = block[block.index(b"\n") + 1 :], False
        self._tail = b""
        self._keep(data[end:])
        if b"\r" in block:
            block = block.replace(b"\r\n", b"\n")
        count, blank = _survey(block)
        if blank:
            block = _BLANK_LINES.sub(b"\n", block).removeprefix(b"\n")
            count = block.count(b"\n")
        block, left_out = within(block, self._limit, self._too_long)
        self.lines += count - left_out
        return block

    def _keep(self, tail: bytes) -> None:
        """Keep the beginning of a line; of one that is too long already, nothing."""
        if self._skipping:
            return
        if len(tail) > self._limit:
            self._too_long.add(tail)
            self._skipping, tail = True, b""
        self._tail = tail

    def finish(self) -> bytes:
        """Return the last line, if it has no LF."""
        return self.feed(b"\n") if self._tail else b""


class Array:
    """The objects of a JSON array, each of which becomes a line."""

    def __init__(self, limit: int, too_long: TooLong) -> None:
        self.lines = 0
        self._limit = limit
        self._too_long = too_long
        self._tail = b""
        self._skipping = False

    def feed(self, data: bytes) -> bytes:
        """Return the objects that end in `data`; line breaks in them become spaces."""
        if b"\n" in data or b"\r" in data:
            data = data.translate(_BREAKS)
        data = self._tail + data
        if self._skipping:
            found = _BETWEEN.search(data)
            if found is None:
                self._tail = data[-_STRADDLING:]
                return b""
            data, self._skipping = data[found.end() :], False
        split, count = _apart(data) if b"[" in data else _BETWEEN.subn(b"}\n", data)
        end = split.rfind(b"\n") + 1
        self._tail = split[end:]
        if len(self._tail) > self._limit + _STRADDLING:
            self._too_long.add(self._tail)
            self._skipping, self._tail = True, self._tail[-_STRADDLING:]
        return self._give(split[:end], count)

    def _give(self, block: bytes, count: int) -> bytes:
        block, left_out = within(block, self._limit, self._too_long)
        self.lines += count - left_out
        return block

    def finish(self) -> bytes:
        """Return the last object, without the bracket that ends the array."""
        last = self._tail.strip().removesuffix(b"]").rstrip()
        self._tail = b""
        if self._skipping or not last:
            return b""
        return self._give(last + b"\n", 1)


class Undecided:
    """A body whose beginning has yet to show whether it holds an array or lines."""

    def __init__(self, limit: int, too_long: TooLong) -> None:
        self._limit = limit
        self._too_long = too_long
        self._head = b""
        self._chosen: Splitter | None = None

    def feed(self, data: bytes) -> bytes:
        """Return the lines that end in `data`."""
        if self._chosen:
            return self._chosen.feed(data)
        self._head += data
        start = _START.match(self._head)
        if len(self._head) < _LONGEST_START and (start is None or len(self._head) < len(BOM_UTF8)):
            return b""
        return self._choose(start)

    @property
    def lines(self) -> int:
        """How many lines it has given."""
        return self._chosen.lines if self._chosen else 0

    def _choose(self, start: re.Match[bytes] | None) -> bytes:
        head, self._head = self._head, b""
        if start and start["array"]:
            self._chosen = Array(self._limit, self._too_long)
            return self._chosen.feed(head[start.end() :])
        self._chosen = Lines(self._limit, self._too_long)
        return self._chosen.feed(head.removeprefix(BOM_UTF8))

    def finish(self) -> bytes:
        """Return the last line, if it did not end yet."""
        first = b"" if self._chosen else self._choose(_START.match(self._head))
        return first + (self._chosen.finish() if self._chosen else b"")


def within(block: bytes, limit: int, too_long: TooLong) -> tuple[bytes, int]:
    """Return a block without the lines that are longer than `limit`, LF included; how many."""
    start = 0
    while len(block) - start > limit:
        end = block.rfind(b"\n", start, start + limit) + 1
        if not end:
            return _without_long(block, limit, too_long)
        start = end
    return block, 0


def _without_long(block: bytes, limit: int, too_long: TooLong) -> tuple[bytes, int]:
    kept = []
    left_out = 0
    for line in BytesIO(block):  # which ends lines at LF alone
        if len(line) > limit:
            too_long.add(line)
            left_out += 1
        else:
            kept.append(line)
    return b"".join(kept), left_out


def _survey(block: bytes) -> tuple[int, bool]:
    """Return how many lines a block has, and whether any of them is empty."""
    if block.find(b"\n", 0, _LONG) >= 0:
        return block.count(b"\n"), b"\n\n" in block or block.startswith(b"\n")
    # As objects, where lines are as long as those of logs: a third of the time of `count`.
    lengths = list(map(len, BytesIO(block)))
    return len(lengths), 1 in lengths


def _apart(data: bytes) -> tuple[bytes, int]:
    """Split as `_BETWEEN` does, but not inside of an object; return also how often.

    An object that is no JSON, since it has a quote too many, ends at the next boundary.
    """
    pieces: list[bytes] = []
    depth = start = count = 0
    for found in _BETWEEN.finditer(data):
        end = found.start() + 1
        if depth or b"[" in data[start:end]:  # without a list there is nothing to be inside of
            bare = _STRING.sub(b"", data[start:end])
            depth += bare.count(b"{") + bare.count(b"[") - bare.count(b"}") - bare.count(b"]")
            depth = 0 if b'"' in bare else max(depth, 0)
        pieces += (data[start:end], data[end : found.end()] if depth else b"\n")
        count += not depth
        start = found.end()
    return b"".join((*pieces, data[start:])), count
