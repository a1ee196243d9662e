"""Log lines as segments hold them: valid UTF-8, LF, a bounded length."""

MAX_LINE = 1024 * 1024
"""Bytes of the longest line, LF included; a writer leaves longer ones out and counts them."""

_PLAIN = bytes(byte for byte in range(256) if byte >= 0x20 or byte == 0x0A)
_SPACES = bytes(byte if byte in _PLAIN else 0x20 for byte in range(256))


def clean(block: bytes) -> bytes:
    """Return a block of whole lines as a segment may hold it.

    Bytes that are not UTF-8 become U+FFFD, and a missing LF at the end is added. Lines stay lines:
    none is left out, split or joined. A line may grow threefold.
    """
    if not block:
        return block
    if not block.isascii():
        block = _valid(block)
    return block if block.endswith(b"\n") else block + b"\n"


def is_plain(block: bytes) -> bool:
    """Return whether there are no control characters in lines; to look is quicker than `plain`."""
    return not block.translate(None, _PLAIN)


def plain(block: bytes) -> bytes:
    """Return lines with spaces for control characters, CR and tabs among them.

    That changes no JSON value and no field that counts, and lines stay lines. JSON has none of
    them in a value: so only who reads lines as text needs to ask for it.
    """
    return block.translate(_SPACES)


def _valid(block: bytes) -> bytes:
    try:
        block.decode()
    except UnicodeDecodeError:
        return block.decode(errors="replace").encode()
    return block
