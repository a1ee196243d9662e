"""What Loki's answers mean: by their status; the text only names the reason for a refused line.

204       taken                       408 429 5xx   later, 429 when it says
400 422   a line in it is refused     260 and all else   on hold: somebody has to change a
413       too large: in halves                           setting, ours or theirs
"""

import re
from dataclasses import dataclass
from enum import Enum

LONGEST_WAIT = 300.0
"""Seconds that a `Retry-After` may ask for: a slip of a proxy must not silence us for a day."""


class Verdict(Enum):
    """What to do with a batch."""

    TAKEN = "taken"
    REFUSED = "refused"
    TOO_LARGE = "too_large"
    LATER = "later"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to a push."""

    status: int
    text: str = ""
    """The beginning of its body. It may quote lines, and is never shown."""
    retry_after: float | None = None
    """Seconds; None where it does not say."""

    @property
    def verdict(self) -> Verdict:
        """What it means."""
        if self.status == 204:
            return Verdict.TAKEN
        if self.status in {400, 422}:
            return Verdict.HOLD if _disallowed(self.text) else Verdict.REFUSED
        if self.status == 413:
            return Verdict.TOO_LARGE
        if self.status in {408, 429} or self.status >= 500:
            return Verdict.LATER
        return Verdict.HOLD

    @property
    def failure(self) -> str:
        """The word for it in `log_push_failures_total`."""
        if self.status == 429:
            return "rate_limited"
        if self.status == 260:
            return "blocked"
        words = {Verdict.REFUSED: "refused_lines", Verdict.TOO_LARGE: "too_large"}
        later = "server_error" if self.verdict is Verdict.LATER else "rejected"
        return words.get(self.verdict, later)

    @property
    def cure(self) -> str:
        """What it means, in words that tell what to do."""
        known = {
            260: "Loki takes no lines now: see its block_ingestion_until (260)",
            401: "Loki wants other credentials: see logs.loki_token, loki_password (401)",
            403: "Loki does not let us in: see logs.loki_token, loki_tenant (403)",
            404: "there is no Loki: see logs.loki_url (404)",
            429: "Loki asks for fewer lines (429)",
        }
        if _disallowed(self.text):
            return "Loki takes no structured metadata: see its allow_structured_metadata"
        if self.verdict is Verdict.LATER:
            return known.get(self.status, f"Loki cannot take lines now ({self.status})")
        return known.get(self.status, f"no Loki answers so: see logs.loki_url ({self.status})")


def _disallowed(text: str) -> bool:
    # Every line has metadata: to refuse them one by one would lose all, where a setting helps.
    return "structured metadata" in text and "disallowed" in text


def retry_after(text: str) -> float | None:
    """Return the seconds of a `Retry-After`; a date, which Loki never sends, says nothing."""
    if not re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text.strip()):
        return None
    return min(float(text), LONGEST_WAIT)


_REASONS = (
    ("too_old", ("timestamp too old", "too far behind", "out of order")),
    ("too_new", ("timestamp too new",)),
    ("too_long", ("max entry size",)),
    ("metadata", ("structured metadata",)),
    (
        "labels",
        ("parsing labels", "label name", "label value", "label names", "at least one label pair"),
    ),
)


def reason(text: str) -> str:
    """Return the word for why a push of one line was refused; `refused` where we do not know it.

    Loki has one status for all of them, so its text has to tell: Loki 3's `validation` package.
    """
    lower = text.lower()
    for word, phrases in _REASONS:
        if any(phrase in lower for phrase in phrases):
            return word
    return "refused"
