"""A folder of one backfill's own under `data_dir`, which goes with it, also where it was killed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from exporters.embedded.folder import explained, make_folder
from exporters.embedded.locks import EXCLUSIVE, locked, open_lock

_LOCK = "lock"


@contextmanager
def work_folder(data_dir: Path) -> Iterator[Path]:
    """Give an empty folder that only we can read; what killed backfills have left is removed.

    Raises StartError where it cannot be made.
    """
    parent = data_dir / "backfill"
    with explained(parent):
        make_folder(data_dir)
        make_folder(parent)
        _sweep(parent)
        # It has its name, by which others find it, once it is locked.
        folder, new = parent / uuid4().hex, parent / f".{uuid4().hex}"
        new.mkdir(mode=0o700)
        lock = open_lock(new / _LOCK)
    try:
        locked(lock, EXCLUSIVE)
        new.rename(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _sweep(parent: Path) -> None:
    """Remove folders whose lock nobody holds."""
    for folder in parent.glob("[!.]*"):
        try:
            lock = os.open(folder / _LOCK, os.O_RDWR)
        except OSError:
            continue
        try:
            if locked(lock, EXCLUSIVE):
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)
