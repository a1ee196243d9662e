"""Java's stack traces (Kotlin's and Scala's too): the exception that reached whoever printed it."""

import re

from exporters.logs.exceptions.masking import mask
from exporters.logs.exceptions.model import Frame, Raised, raised

_AT = re.compile(r"^[ \t]+at ([\w.$/@<>-]+)\(([^()\n]*)\)", re.MULTILINE)
_HEAD = re.compile(r"(?:^|\s)((?:[a-zA-Z_]\w*\.)+[A-Z][\w$]*)(?::\s(.*)|:?$)")
_CAUSE = re.compile(r"^[ \t]*(?:Caused by|Suppressed): ", re.MULTILINE)
_MADE = re.compile(r"\$\$[\w$]*|(?<=[$/])0x[0-9a-f]+|(?<=\$)\d+")
_LIBRARIES = (
    *("java.", "javax.", "jakarta.", "jdk.", "sun.", "com.sun.", "kotlin.", "kotlinx.", "scala."),
    *("org.springframework.", "org.apache.", "org.hibernate.", "org.eclipse.", "org.jboss."),
    *("org.postgresql.", "com.zaxxer.", "com.fasterxml.", "com.google.", "io.netty.", "io.grpc."),
    *("io.undertow.", "io.micronaut.", "io.quarkus.", "io.vertx.", "ch.qos.", "reactor.", "akka."),
    *("okhttp3.", "feign.", "groovy.", "org.codehaus.", "org.slf4j.", "org.junit."),
)
_HEADING_LINES = 12
"""Lines that a message may have between the type and the first frame."""


def read_java(text: str) -> Raised | None:
    """Return the outermost exception of the text, or None where there is no frame of Java's."""
    first = _AT.search(text)
    if first is None:
        return None
    for line in reversed(text[: first.start()].rstrip("\n").split("\n")[-_HEADING_LINES:]):
        if head := _HEAD.search(line):
            cause = _CAUSE.search(text, first.start())
            inside = text[first.start() : cause.start() if cause else None]
            return raised(_MADE.sub("", head[1]), mask(head[2] or ""), _frames(inside))
    return None


def _frames(text: str) -> list[Frame]:
    return [_frame(match[1]) for match in _AT.finditer(text)]


def _frame(call: str) -> Frame:
    call = _MADE.sub("", call.rpartition("/")[2])  # in front stand the loader and the module
    return Frame(call, not call.startswith(_LIBRARIES))
