"""Lines to exceptions: which language wrote it, or which fields of a structured line hold it."""

from exporters.logs.exceptions import beam, golang, jvm, node, python
from exporters.logs.exceptions.fields import may_tell, told
from exporters.logs.exceptions.model import Raised
from exporters.logs.model import Line

_LONGEST = 65_536
"""Characters that are looked at; of a longer text both ends, where heading and error are."""

_HARMLESS = frozenset(("trace", "debug", "info"))


def exception_of(line: Line) -> Raised | None:
    """Return the exception that a line tells, or None where it tells none. Never raises.

    A line of one line and of a harmless level is not looked into: most lines are such.
    """
    text = line.text
    if "\n" in text and (found := recognise(text)):
        return found
    if line.level in _HARMLESS:
        return None
    if may_tell(text) and (found := told(line.fields, line.level, recognise)):
        return found
    # Elixir and Go say by a sign what a single line is.
    return recognise(text) if "** (" in text or text.startswith(golang.SIGNS) else None


def recognise(text: str) -> Raised | None:
    """Return the exception whose stack trace is in a text, of whatever language. Never raises."""
    if len(text) > _LONGEST:
        head, tail = text[: _LONGEST // 2], text[-_LONGEST // 2 :]
        text = head[: head.rfind("\n") + 1] + tail[tail.find("\n") + 1 :]
    if python.SIGN in text and (found := python.read_python(text)):
        return found
    if beam.ELIXIR_SIGN in text and (found := beam.read_elixir(text)):
        return found
    if any(sign in text for sign in golang.SIGNS) and (found := golang.read_go(text)):
        return found
    if any(sign in text for sign in beam.ERLANG_SIGNS) and (found := beam.read_erlang(text)):
        return found
    if " at " in text or "\tat " in text:
        return jvm.read_java(text) or node.read_node(text)
    return None
