r"""Docker's log stream to lines: frames or raw, with times, long lines whole, text cleaned.

    frame  kind 1 │ 0 0 0 │ size 4 │ 2026-01-02T03:04:05.678901234Z text \n

One frame is one message; a line over 16 KiB is several, of which only the last ends with a line
feed, each with the time of the first. A terminal's stream has no frames. What comes in one read is
worked on as a whole: little is done for each line.
"""

import re
import struct
from calendar import timegm
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from operator import add, itemgetter
from time import strptime

from exporters.core.errors import SourceMalformed

LONGEST = 1024 * 1024
"""Bytes of one line that are kept; Loki takes a quarter of that."""

_HEAD = struct.Struct(">BxxxI")
_STAMP = 31
"""Characters of a time and the space behind it."""
_PARTS = 4096
"""Characters that a line of several parts has at least: 16 KiB of the longest characters."""
_second_of, _nanoseconds_of = itemgetter(slice(19)), itemgetter(slice(20, 29))
_text_of = itemgetter(slice(_STAMP, None))
_SECONDS = 4096
_NS = 1_000_000_000
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[ -/]*[0-Z\\^-~])")


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of one stream in the order in which they were written, and their bytes."""

    stream: str
    times: Sequence[int]
    texts: Sequence[str]
    size: int


class _Seconds(dict[str, int]):
    """Unix nanoseconds by `2026-01-02T03:04:05`, each calculated once."""

    def __missing__(self, text: str) -> int:
        if len(self) >= _SECONDS:
            self.clear()
        self[text] = found = timegm(strptime(text, "%Y-%m-%dT%H:%M:%S")) * _NS
        return found


_seconds = _Seconds()


def stamp(text: str) -> int:
    """Return the time that a message begins with; ValueError where it begins with none."""
    if text[19:20] != "." or text[29:31] != "Z ":
        raise ValueError("no time")
    return _seconds[text[:19]] + int(text[20:29])


class Frames:
    """What one connection brought and is not a whole line yet."""

    def __init__(self) -> None:
        self._rest = b""
        self._raw: bool | None = None
        self._parts: dict[str, list[bytes]] = {"stdout": [], "stderr": []}
        self._last = 0
        self.complaint = ""
        """What the engine itself said in the place of lines."""

    def feed(self, data: bytes) -> list[Lines]:
        """Return the lines that are whole now; SourceMalformed for what is no log stream."""
        if self._rest:
            data = self._rest + data
        if self._raw is None and data:
            self._raw = data[:1].isdigit()
        found = self._terminal(data) if self._raw else self._framed(data)
        return [lines for lines in found if lines.times]

    def feed_in_order(self, data: bytes) -> list[Lines]:
        """Do the same, but keep the order of both streams: slow, line by line."""
        data, self._rest = self._rest + data, b""
        if data[:1].isdigit():
            return self.feed(data)
        found, at = [], 0
        while at + 8 <= len(data):
            stop = at + 8 + _HEAD.unpack_from(data, at)[1]
            if stop > len(data):
                break
            found += self.feed(data[at:stop])
            at = stop
        self._rest = data[at:]
        return found

    def whole(self, stream: str) -> bool:
        """Whether no line of a stream has begun that is not whole yet."""
        return not self._parts[stream]

    def _framed(self, data: bytes) -> list[Lines]:
        out: list[bytes] = []
        err: list[bytes] = []
        said: list[bytes] = []
        frames = (out, out, err, said)
        at, end, head = 0, len(data) - 8, _HEAD.unpack_from
        while at <= end:
            kind, size = head(data, at)
            if kind > 3:
                raise SourceMalformed("the Docker engine sent something that is no log")
            stop = at + 8 + size
            if stop > end + 8:
                break
            frames[kind].append(data[at + 8 : stop])
            at = stop
        self._rest = data[at:]
        if said:
            self.complaint = said[-1].decode("utf-8", "replace").strip()
        return [self._lines("stdout", out), self._lines("stderr", err)]

    def _lines(self, stream: str, frames: list[bytes]) -> Lines:
        """Return the lines of whole frames; nearly always each frame is a line."""
        if not self._parts[stream]:
            with suppress(ValueError):  # a frame of several lines, or a part of one, is among them
                return _split(stream, b"".join(frames), len(frames))
        return self._one_by_one(stream, frames)

    def _one_by_one(self, stream: str, frames: list[bytes]) -> Lines:
        times, texts, size = [], [], 0
        parts = self._parts[stream]
        for frame in frames:
            if not parts:
                parts.append(frame)
            elif sum(map(len, parts)) < LONGEST:
                parts.append(frame[_STAMP:] if _stamped(frame) else frame)
            elif frame.endswith(b"\n"):
                parts.append(b"\n")
            if frame.endswith(b"\n"):
                text = b"".join(parts)[:-1].decode("utf-8", "replace")
                parts.clear()
                with suppress(ValueError):  # without a time: of the line before it
                    self._last, text = stamp(text), text[_STAMP:]
                times.append(self._last)
                texts.append(_clean(text))
                size += len(text)
        return Lines(stream, times, texts, size)

    def _terminal(self, data: bytes) -> list[Lines]:
        end = data.rfind(b"\n") + 1
        self._rest = data[end:][: 2 * LONGEST]
        try:
            return [_split("stdout", data[:end])] if end else []
        except ValueError:
            raise SourceMalformed("the Docker engine sent lines without their times") from None


def _stamped(frame: bytes) -> bool:
    return frame[19:20] == b"." and frame[29:31] == b"Z "


def _split(stream: str, block: bytes, count: int | None = None) -> Lines:
    """Return the lines of a block that ends with a line feed.

    ValueError where one has no time, or where there are not as many lines as frames; a terminal has
    none to count.
    """
    lines = _clean(block.decode("utf-8", "replace")).split("\n")
    if lines.pop() or (count is not None and len(lines) != count):
        raise ValueError("not a line a frame")
    # Nothing of Python's own is run for a line: that takes half the time.
    seconds = map(_seconds.__getitem__, map(_second_of, lines))
    times = [*map(add, seconds, map(int, map(_nanoseconds_of, lines)))]
    texts = [*map(_text_of, lines)]
    if count is None:
        texts = [
            text if len(text) < _PARTS else text.replace(line[:_STAMP], "")
            for text, line in zip(texts, lines, strict=True)
        ]
    return Lines(stream, times, texts, len(block) - (_STAMP + 1) * len(lines))


def _clean(text: str) -> str:
    """Return text without colours, and with line ends as they are elsewhere."""
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    return text.replace("\r\n", "\n").rstrip("\r") if "\r" in text else text
