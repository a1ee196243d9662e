"""Settings: one TOML file, the environment over it, secrets from files; parsed once, frozen.

The models of the sections live with what they configure; `app.py` puts them together. `load` gives
the values or every problem at once, and no problem ever quotes a value: it may be a secret.
"""

from exporters.core.settings.load import load
from exporters.core.settings.model import Folder, Location, Section, wants

__all__ = ["Folder", "Location", "Section", "load", "wants"]
