"""Programs of the neighbours that a test needs: found, or the test is skipped; in CI it fails."""

import os
import shutil

import pytest


def program(*names: str, package: str) -> str:
    """Return the path of the first of `names` on PATH, from the Debian package `package`."""
    for name in names:
        if path := shutil.which(name):
            return path
    reason = f"{names[0]} is missing: install the package {package}"
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason} (tests/prepare should have)")
    pytest.skip(reason)
