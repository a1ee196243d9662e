"""The file of refused lines: for a person to look into, bounded, never read back."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from exporters.loki.limits import Refusal

LARGEST = 16 * 1024 * 1024
"""Bytes of the file, and of the one before it."""


class RefusedLines:
    """Appends JSON lines to a file; a full one takes the place of the one before it."""

    def __init__(self, path: Path, largest: int = LARGEST) -> None:
        self._path = path
        self._largest = largest

    def keep(self, refused: Sequence[Refusal]) -> None:
        """Write them down; OSError where that cannot be."""
        if self._path.exists() and self._path.stat().st_size >= self._largest:
            self._path.replace(self._path.with_name(f"{self._path.stem}.1{self._path.suffix}"))
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        with os.fdopen(os.open(self._path, flags, 0o600), "w", encoding="utf-8") as file:
            file.writelines(f"{_line(refusal)}\n" for refusal in refused)


def _line(refusal: Refusal) -> str:
    entry = refusal.entry
    return json.dumps(
        {
            "reason": refusal.reason,
            "ns": entry.ns,
            "labels": entry.stream.labels,
            "metadata": dict(entry.metadata),
            "line": entry.line,
        }
    )
