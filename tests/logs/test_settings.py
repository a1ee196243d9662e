"""What `[logs]` says of containers is checked at the start."""

from typing import Any

import pytest
from pydantic import ValidationError

from exporters.logs import LogsSettings
from exporters.logs.source import version


def test_by_default_all_are_followed_joined_and_masked() -> None:
    settings = LogsSettings()
    assert settings.containers == "all"
    assert settings.multiline
    assert set(settings.redact) == {"tokens", "passwords", "cookies", "emails", "addresses"}


@pytest.mark.parametrize(
    "given",
    [
        {"containers": "some"},
        {"redact": ["names"]},
        {"redact_patterns": ["("]},
        {"redact_patterns": ["x*"]},
        {"first_lines": {"app": "["}},
        {"rate_limits": {"app": 0}},
        {"samples": {"app": 1.5}},
        {"multiline_wait": 1},
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_a_problem(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        LogsSettings.model_validate(given)


@pytest.mark.parametrize(
    ("image", "labels", "expected"),
    [
        ("ghcr.io/shop/web:1.4", {}, "1.4"),
        ("host:5000/web", {}, ""),
        ("web:latest", {}, ""),
        ("web:2@sha256:0123", {}, "2"),
        ("web:latest", {"org.opencontainers.image.version": "3.1"}, "3.1"),
    ],
)
def test_the_version_is_the_label_s_or_the_tag_s(
    image: str, labels: dict[str, str], expected: str
) -> None:
    assert version(image, labels) == expected
