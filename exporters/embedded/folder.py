"""The folder of an embedded server: what lies where, and whose it is."""

import errno
import hashlib
import os
import pwd
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from exporters.core.errors import StartError

PORT = 5432
"""Only a part of the socket's name: nothing listens on TCP."""

_LONGEST_SOCKET = 103
"""Bytes of a unix socket's path: macOS takes 103, Linux 107."""

_CURES = {
    errno.EACCES: "run as its owner, or choose another data_dir",
    errno.EPERM: "run as its owner, or choose another data_dir",
    errno.EROFS: "choose a data_dir that can be written",
    errno.ENOSPC: "make room on the disk",
    errno.EDQUOT: "make room on the disk",
}


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything of one server lies; `root` is ours alone, `data_dir` is shared."""

    root: Path

    @classmethod
    def under(cls, data_dir: Path) -> "Layout":
        """Return the layout for `data_dir`, the same whatever links lead there."""
        return cls(Path(os.path.realpath(data_dir)) / "postgres")

    @property
    def data(self) -> Path:
        """PostgreSQL's own data folder."""
        return self.root / "data"

    @property
    def fresh(self) -> Path:
        """What becomes `data` when it is complete, so that `data` is never half made."""
        return self.root / "data.new"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.root / "server.log"

    @property
    def change(self) -> Path:
        """Locked by whoever starts or stops the server, or looks whether it runs."""
        return self.root / "change.lock"

    @property
    def attached(self) -> Path:
        """Locked, shared, by every process that uses the server."""
        return self.root / "attached.lock"

    @property
    def running(self) -> Path:
        """Locked by the server's processes themselves: free means that none is left."""
        return self.root / "running.lock"

    @property
    def socket(self) -> Path:
        """The folder of the unix socket: beside the data, or under /tmp where that is too long.

        Derived from the path alone and not from the environment, so that every command finds it.
        A comma would make libpq see two hosts.
        """
        beside = self.root / "socket"
        path = os.fsencode(beside / f".s.PGSQL.{PORT}")
        if len(path) <= _LONGEST_SOCKET and b"," not in path:
            return beside
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()
        return Path("/tmp") / f"nearfield-{digest[:20]}"  # noqa: S108  owner and mode are checked


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what the system says about `path` into a StartError with the cure."""
    try:
        yield
    except OSError as error:
        cure = _CURES.get(error.errno or 0, "choose another data_dir")
        raise StartError(f"{path}: {error.strerror or error}; {cure}") from error


def owner_name(uid: int) -> str:
    """Return the name of an account, or its number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def make_folder(path: Path) -> None:
    """Make `path` and what is missing above it; what is there already stays as it is.

    As root the new folders can be passed by all, since the server runs as somebody else.
    """
    missing = list(takewhile(lambda folder: not folder.exists(), (path, *path.parents)))
    for folder in reversed(missing):
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
    if not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)


def prepare(layout: Layout) -> None:
    """Make the server's folder, or check that the one that is there is ours to use."""
    with explained(layout.root):
        make_folder(layout.root.parent)
        if not layout.root.exists():
            make_folder(layout.root)
            _give_to_owner_above(layout.root)
        _check_owner(layout.root)
        # In this order: whoever makes the folder at this moment makes that file first.
        if any(layout.root.iterdir()) and not layout.change.exists():
            raise StartError(
                f"{layout.root} holds files that Nearfield did not make: choose another data_dir"
            )


def own_folder(path: Path, uid: int, gid: int) -> None:
    """Make `path` for one account alone, or check that it is so.

    Under /tmp anybody may have made it before us: then it is refused, never repaired.
    """
    with explained(path):
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            found = path.lstat()
            ours = stat.S_ISDIR(found.st_mode) and found.st_uid in {uid, os.geteuid()}
            if not ours or stat.S_IMODE(found.st_mode) & 0o077:
                raise StartError(f"{path} is not ours alone: remove it, then start again") from None
        if os.geteuid() == 0:
            os.chown(path, uid, gid, follow_symlinks=False)


def _give_to_owner_above(root: Path) -> None:
    """Let a folder that root makes in somebody's data_dir be theirs, so they can use it alone."""
    above = root.parent.stat()
    if os.geteuid() == 0 and above.st_uid != 0:
        os.chown(root, above.st_uid, above.st_gid)


def _check_owner(root: Path) -> None:
    owner = root.stat().st_uid
    if os.geteuid() not in {0, owner}:
        raise StartError(
            f"{root} belongs to {owner_name(owner)}:"
            f" run as {owner_name(owner)}, or choose another data_dir"
        )
