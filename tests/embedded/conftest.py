"""What the tests of the embedded server share."""

from tests.embedded.fixtures import data_dir, initialized_folder

__all__ = ["data_dir", "initialized_folder"]
