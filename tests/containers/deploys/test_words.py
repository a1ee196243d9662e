"""What people read: every kind of message, compared with `golden/messages.txt`.

After a change of words run this file with `NEARFIELD_TEST_GOLDEN=write`, and read the difference.
"""

import os
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.containers.deploys.images import Release
from exporters.containers.deploys.model import Deploy, Outcome, Problem, Service
from exporters.containers.deploys.words import duration, follow_up, line, message, metadata
from tests.containers.deploys.stories import ended

GOLDEN = Path(__file__).parent / "golden"
NOON = 1_790_000_000.0

OLD = Release("ghcr.io/shop/web:1.4.1", "sha256:" + "a" * 64, version="1.4.1")
NEW = Release(
    "ghcr.io/shop/web:1.4.2",
    "sha256:" + "b" * 64,
    version="f00dcaf",
    revision="f00dcaf" + "0" * 33,
    source="https://git.example/shop/web",
    deployer="anna",
)
GOING = Deploy(Service("1", "web", "shop"), "t1", NEW, NOON, before=OLD)
UNHEALTHY = Problem(
    "a container is unhealthy", None, "curl: (7) Failed to connect to `localhost` port 80 <refused>"
)

CASES = {
    "completed": replace(ended(GOING, 34), outcome="completed"),
    "completed, nothing known of it": replace(
        ended(GOING, 250),
        service=Service("2", "cron", ""),
        before=None,
        release=OLD,
        outcome="completed",
    ),
    "failed in Swarm": replace(
        ended(GOING, 41), outcome="failed", problem=Problem("non-zero exit (3)", 3)
    ),
    "failed in Compose by exit": replace(
        ended(GOING, 2), outcome="failed", problem=Problem("a container exited", 137)
    ),
    "failed in Compose by health": replace(ended(GOING, 95), outcome="failed", problem=UNHEALTHY),
    "failed, nobody says why": replace(ended(GOING, 3700), outcome="failed"),
    "failed by its deadline": replace(
        ended(GOING, 3600), outcome="failed", problem=Problem("it did not come to an end")
    ),
    "rolled back by Swarm": replace(
        ended(GOING, 52),
        outcome="rolled_back",
        problem=Problem("No such image: ghcr.io/shop/web:1.4.2"),
    ),
    "rolled back for its health": replace(
        ended(GOING, 52),
        outcome="rolled_back",
        problem=replace(UNHEALTHY, text="non-zero exit (137): unhealthy container", exit_code=137),
    ),
    "taken back under way": replace(
        ended(GOING, 8), outcome="rolled_back", problem=Problem("it was taken back by hand")
    ),
    "rolled back by hand later": replace(
        ended(GOING, 12), outcome="rolled_back", by_hand=True, release=OLD, before=NEW
    ),
    "abandoned": replace(
        ended(GOING, 15), outcome="abandoned", problem=Problem("1.4.3 took its place")
    ),
    "removed": replace(
        ended(GOING, 15), outcome="abandoned", problem=Problem("the service was removed")
    ),
    "words that want to break out": replace(
        ended(GOING, 5),
        service=Service("3", "<!channel>", "a*b"),
        release=replace(NEW, version="<v>|&", deployer="<@U123>"),
        outcome="failed",
        problem=Problem("<https://evil.example|click>", 1, "```\n<!here> `rm -rf`"),
    ),
}


def compare(name: str, text: str) -> None:
    file = GOLDEN / name
    if os.environ.get("NEARFIELD_TEST_GOLDEN") == "write":
        file.write_text(text)
    assert text == file.read_text()


def test_the_messages_are_those_that_somebody_has_read() -> None:
    said = [
        f"# {name}\n{message(deploy, deploy.ended + 1, UTC).shown}\n"
        for name, deploy in CASES.items()
    ]
    late = message(CASES["completed"], NOON + 7200, ZoneInfo("Europe/Berlin"))
    said.append(f"# completed, told late\n{late.shown}\n")
    risen = {"restarts": (0.0, 3.02), "exceptions": (12.0, 1234.4), "5xx at the CDN": (3.0, 120.0)}
    said.append(f"# ten minutes later\n{follow_up(CASES['completed'], risen, 600).shown}\n")
    one = follow_up(CASES["rolled back by Swarm"], {"restarts": (0.0, 1.1)}, 600)
    said.append(f"# ten minutes later, after a rollback\n{one.shown}\n")
    compare("messages.txt", "\n".join(said))


def test_the_log_lines_are_those_that_somebody_has_read() -> None:
    compare("lines.txt", "".join(f"{line(deploy)}\n" for deploy in CASES.values()))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "1 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (250, "4 min 10 s"),
        (3600, "1 h"),
        (3900, "1 h 5 min"),
    ],
)
def test_a_span_is_said_as_people_say_it(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@given(st.text(), st.text(), st.text(), st.text(), st.sampled_from(get_args(Outcome)))
def test_nothing_in_a_message_mentions_or_breaks_out(
    name: str, version: str, why: str, output: str, outcome: Outcome
) -> None:
    deploy = replace(
        ended(GOING, 1),
        service=Service("1", name, name),
        release=Release("x", "", version=version),
        before=None,
        outcome=outcome,
        problem=Problem(why, 1, output),
    )
    shown = message(deploy, deploy.ended, UTC).text
    assert "<" not in shown
    assert len(shown.splitlines()[0]) < 5000
    assert "\n" not in line(deploy)
    assert metadata(deploy)["kind"] == "deploy"
