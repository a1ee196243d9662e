"""Generators of chance that are the same for the same seed and name, whatever else was drawn."""

from random import Random


def chance(seed: int, *name: object) -> Random:
    """Return the generator for the thing of this name; nothing drawn from it is a secret."""
    return Random("/".join(map(str, (seed, *name))))  # noqa: S311 - sample data
