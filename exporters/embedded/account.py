"""The account that the server runs as: PostgreSQL refuses root, and we add no account."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exporters.core.errors import StartError
from exporters.embedded.folder import Layout, explained, owner_name


@dataclass(frozen=True, slots=True)
class Account:
    """Who the server runs as; `switch` says that this process, root, is somebody else."""

    uid: int
    gid: int
    switch: bool

    @property
    def name(self) -> str:
        """The account's name, or its number where it has none."""
        return owner_name(self.uid)

    def options(self) -> dict[str, Any]:
        """Return what `subprocess.Popen` needs to run a program as this account."""
        if not self.switch:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def give(self, path: Path) -> None:
        """Hand over a file or folder that we have just made."""
        if self.switch:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def can_enter(self, folder: Path) -> bool:
        """Tell whether this account gets through to `folder`, as the system itself sees it."""
        if not self.switch:
            return True
        command = ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)]
        probe = subprocess.run(  # noqa: S603
            command, cwd="/", stderr=subprocess.DEVNULL, timeout=10, check=False, **self.options()
        )
        return probe.returncode == 0


def account_for(layout: Layout) -> Account:
    """Choose the account: ourselves; as root the owner of what is there, else `nobody`."""
    with explained(layout.root):
        owner = (layout.data if layout.data.exists() else layout.root).stat()
    if os.geteuid() != 0:
        return _ourselves(owner.st_uid, layout)
    if owner.st_uid != 0 and (layout.data.exists() or _named(owner.st_uid)):
        return Account(owner.st_uid, owner.st_gid, switch=True)
    if layout.data.exists():
        raise StartError(
            f"{layout.data} belongs to root, as whom PostgreSQL does not run:"
            " give it and all that is in it to an account without privileges"
        )
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise StartError(
            "PostgreSQL does not run as root and there is no account `nobody`:"
            " run as an ordinary user, or set ledger.dsn_file"
        ) from None
    return Account(nobody.pw_uid, nobody.pw_gid, switch=True)


def _ourselves(owner: int, layout: Layout) -> Account:
    uid = os.geteuid()
    if owner != uid:
        raise StartError(
            f"{layout.data} belongs to {owner_name(owner)}:"
            f" run as {owner_name(owner)}, or choose another data_dir"
        )
    if not _named(uid):
        raise StartError(
            f"the user id {uid} has no name on this system and PostgreSQL needs one:"
            " run as a user that has, or set ledger.dsn_file"
        )
    return Account(uid, os.getegid(), switch=False)


def _named(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True
