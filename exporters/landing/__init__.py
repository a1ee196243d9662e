"""The page at `/`: what is counted at this moment, what is new, and how fresh each source is."""

from exporters.landing.landing import Landing
from exporters.landing.model import Link

__all__ = ["Landing", "Link"]
