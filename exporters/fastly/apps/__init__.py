"""Which app a user agent is, and whether a person may be behind it; asked once for each agent."""

from exporters.fastly.apps.classify import UNKNOWN, AppClassifier, own_classifier
from exporters.fastly.apps.opawg import opawg_classifier

__all__ = ["UNKNOWN", "AppClassifier", "opawg_classifier", "own_classifier"]
