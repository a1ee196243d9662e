"""What each of Loki's answers means."""

import pytest

from exporters.loki.answers import Answer, Verdict, reason, retry_after
from exporters.loki.metrics import DROPS, FAILURES

STATUSES = {
    Verdict.TAKEN: {204},
    Verdict.REFUSED: {400, 422},
    Verdict.TOO_LARGE: {413},
    Verdict.LATER: {408, 429, *range(500, 600)},
}


@pytest.mark.parametrize("status", range(200, 600))
def test_each_status_has_one_meaning_and_204_alone_is_success(status: int) -> None:
    answer = Answer(status)
    meant = [verdict for verdict, statuses in STATUSES.items() if status in statuses]
    assert [answer.verdict] == (meant or [Verdict.HOLD])
    if answer.verdict is not Verdict.TAKEN:
        assert answer.failure in FAILURES
        assert str(status) in answer.cure


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("entry for stream '{}' has timestamp too old: …, oldest acceptable …", "too_old"),
        ("entry with timestamp … ignored, reason: 'entry too far behind, …", "too_old"),
        ("entry for stream '{}' has timestamp too new: …", "too_new"),
        ("Max entry size '262144' bytes exceeded for stream '{}' while adding", "too_long"),
        ("stream '{}' has structured metadata too large: '70000' bytes", "metadata"),
        ("stream '{}' has too many structured metadata labels: '200'", "metadata"),
        ("error parsing labels '{' with error: …", "labels"),
        ("error at least one label pair is required per stream", "labels"),
        ("entry for stream '{}' has 16 label names; limit 15", "labels"),
        ("stream '{}' has label value too long: '…'", "labels"),
        ("something of another year", "refused"),
        ("", "refused"),
    ],
)
def test_the_text_names_the_reason_for_a_refused_line(text: str, word: str) -> None:
    assert reason(text) == word
    assert word in DROPS


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7", 7.0), ("0", 0.0), ("99999", 300.0), ("", None), ("-1", None), ("nan", None),
     ("Wed, 21 Oct 2026 07:28:00 GMT", None)],
)  # fmt: skip
def test_retry_after_is_read_and_bounded(text: str, seconds: float | None) -> None:
    assert retry_after(text) == seconds
