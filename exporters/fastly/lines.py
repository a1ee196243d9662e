"""Log lines as segments hold them: valid UTF-8, no control characters, LF, a bounded length."""

MAX_LINE = 1024 * 1024
"""Bytes of the longest line, LF included; a writer leaves longer ones out and counts them."""

_PLAIN = bytes(byte for byte in range(256) if byte >= 0x20 or byte == 0x0A)
_SPACES = bytes(byte if byte in _PLAIN else 0x20 for byte in range(256))


def clean(block: bytes) -> bytes:
    """Return a block of whole lines as a segment may hold it.

    Bytes that are not UTF-8 become U+FFFD; control characters, CR and tabs among them, become
    spaces, which changes no JSON value and no field that counts. A missing LF at the end is
    added. Lines stay lines: none is left out, split or joined. A line may grow threefold.
    """
    if not block:
        return block
    if not block.isascii():
        block = _valid(block)
    if not block.endswith(b"\n"):
        block += b"\n"
    # To look for control characters is quicker than to replace them, and hardly any log has one.
    return block.translate(_SPACES) if block.translate(None, _PLAIN) else block


def _valid(block: bytes) -> bytes:
    try:
        block.decode()
    except UnicodeDecodeError:
        return block.decode(errors="replace").encode()
    return block
