"""Request lines worth reading: which they are, and how they go to Loki.

settings ─▶ SQL over the lines of a segment ─▶ rows ─▶ RequestLine ─▶ Loki's sink, after the commit
"""

from exporters.fastly.requests.condition import Worth, worth
from exporters.fastly.requests.model import RequestLine, Told
from exporters.fastly.requests.settings import LinesSettings
from exporters.fastly.requests.teller import Teller

__all__ = ["LinesSettings", "RequestLine", "Teller", "Told", "Worth", "worth"]
