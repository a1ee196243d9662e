"""Rejected lines: counted by reason, and the latest of them kept to look at, addresses masked."""

from exporters.fastly.quarantine.masking import mask
from exporters.fastly.quarantine.quarantine import Quarantine, Rejected

__all__ = ["Quarantine", "Rejected", "mask"]
