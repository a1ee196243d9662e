"""Which objects of a bucket have been taken: a time, and the names of those that came since."""

import json
import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from exporters.fastly.s3.bucket import Object
from exporters.fastly.spool.files import sync_folder


@dataclass(slots=True)
class Taken:
    """All objects that were there before `since` have been taken, or are too old; of the later
    ones, those in `known`.

    What counts is when an object was there by the store's clock. So the names of objects and the
    times in them may be anything, and a late file is taken like any other.
    """  # noqa: D205 - the sentence needs two lines

    since: datetime
    known: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    """Key to entity tag and time."""

    def wants(self, found: Object) -> bool:
        """Whether an object has not been taken, or has changed since."""
        if found.modified < self.since:
            return False
        return found.key not in self.known or self.known[found.key][0] != found.etag

    def add(self, found: Object) -> None:
        """Remember an object as taken."""
        self.known[found.key] = (found.etag, found.modified)

    def forget(self, late: timedelta) -> None:
        """After all objects have been seen: keep only those of the last while."""
        newest = max((modified for _, modified in self.known.values()), default=self.since)
        self.since = max(self.since, newest - late)
        self.known = {
            key: (etag, modified)
            for key, (etag, modified) in self.known.items()
            if modified >= self.since
        }

    @classmethod
    def load(cls, path: Path, url: str, since: datetime) -> Self:
        """Return what `save` wrote for this URL; where there is nothing, begin at `since`."""
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            if data["url"] != url:
                return cls(since)
            known = {key: (etag, _time(modified)) for key, etag, modified in data["known"]}
            return cls(_time(data["since"]), known)
        except (OSError, ValueError, KeyError, TypeError):
            return cls(since)  # what is read again is counted once

    def save(self, path: Path, url: str) -> None:
        """Write it to a file in one step; OSError where that cannot be."""
        known = [(key, etag, modified.isoformat()) for key, (etag, modified) in self.known.items()]
        text = json.dumps({"url": url, "since": self.since.isoformat(), "known": known})
        new = path.with_suffix(".new")
        with new.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.rename(path)
        sync_folder(path.parent)


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return moment
