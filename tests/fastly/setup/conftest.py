"""Lines are read as measuring reads them."""

from tests.fastly.formats.conftest import reads, workspace

__all__ = ["reads", "workspace"]
