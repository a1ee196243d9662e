"""Frames: where one message ends and the next begins (RFC 6587), octet-counted or ended by LF.

Which of the two it is shows at the beginning of each message: `57 <134>…` has a count.
"""

import re

from exporters.fastly.bodies import TooLong

_COUNT = re.compile(rb"(\d{1,9}) (?=(?:[^\s<]{1,256} ?)?<\d{1,3}>)")  # perhaps with a token
_COUNT_BEGUN = re.compile(rb"\d{1,9}(?: [^\s<]{0,256} ?(?:<\d{0,3})?)?\Z")


class Frames:
    """The messages of one connection, without what ends them; long ones are left out."""

    def __init__(self, limit: int, too_long: TooLong) -> None:
        self._limit = limit
        self._too_long = too_long
        self._rest = b""
        self._octets_to_skip = 0
        self._skipping_line = False

    def feed(self, data: bytes) -> list[bytes]:
        """Return the messages that end in `data`."""
        messages: list[bytes] = []
        data = self._rest + data
        start = 0
        while (end := self._next(data, start, messages)) > start:
            start = end
        self._rest = data[start:]
        return messages

    def finish(self) -> list[bytes]:
        """Return what has come of the last message, where its end has not."""
        last, self._rest = self._rest, b""
        count = _COUNT.match(last)
        return [last[count.end() if count else 0 :]] if last else []

    def _next(self, data: bytes, start: int, messages: list[bytes]) -> int:
        """Take one message, or what is to be skipped; return where it ends, `start` if nowhere."""
        if self._octets_to_skip:
            end = min(len(data), start + self._octets_to_skip)
            self._octets_to_skip -= end - start
            return end
        if not self._skipping_line:
            if count := _COUNT.match(data, start):
                return self._counted(data, start, count, messages)
            if _COUNT_BEGUN.match(data, start):
                return start
        return self._line(data, start, messages)

    def _counted(
        self, data: bytes, start: int, count: re.Match[bytes], messages: list[bytes]
    ) -> int:
        length, begin = int(count[1]), count.end()
        if length > self._limit:
            self._too_long.add(data[begin:])
            self._octets_to_skip = length
            return begin
        if len(data) - begin < length:
            return start
        messages.append(data[begin : begin + length])
        return begin + length

    def _line(self, data: bytes, start: int, messages: list[bytes]) -> int:
        end = data.find(b"\n", start)
        length = (len(data) if end < 0 else end) - start
        if length > self._limit and not self._skipping_line:
            self._too_long.add(data[start : start + length])
            self._skipping_line = True
        if end < 0:
            return len(data) if self._skipping_line else start
        if not self._skipping_line:
            messages.append(data[start:end])
        self._skipping_line = False
        return end + 1
