"""Recorded answers of a real engine (API 1.41), whole and damaged in every place."""

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exporters.containers.deploys.compose import Detail, is_ours, last_output, looks, parse_detail
from exporters.containers.deploys.images import describe
from exporters.containers.deploys.model import NONE, Phase, Service
from exporters.containers.deploys.swarm import SwarmService, look, parse_services, parse_tasks
from exporters.core.errors import SourceMalformed
from exporters.docker.model import timestamp

RECORDED = Path(__file__).parent / "recorded"
SERVICES: list[Any] = json.loads((RECORDED / "services.json").read_text())
TASKS: list[Any] = json.loads((RECORDED / "tasks.json").read_text())
INSPECTED: dict[str, Any] = {
    "Id": "c0ffee",
    "Created": "2026-11-22T20:00:00.5Z",
    "Image": "sha256:" + "a" * 64,
    "RestartCount": 0,
    "Config": {
        "Image": "shop/web:1",
        "Labels": {"com.docker.compose.project": "shop", "com.docker.compose.service": "web"},
    },
    "State": {
        "Status": "running",
        "ExitCode": 0,
        "OOMKilled": False,
        "StartedAt": "2026-11-22T20:00:01Z",
        "FinishedAt": "0001-01-01T00:00:00Z",
        "Health": {"Status": "starting", "Log": [{"ExitCode": 1, "Output": "not\nyet"}]},
    },
}


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items: Any = enumerate(value) if isinstance(value, list) else ()
    if isinstance(value, dict):
        items = value.items()
    for key, below in items:
        yield (*path, key)
        yield from paths(below, (*path, key))


def damaged(value: Any) -> Iterator[Any]:
    for path in paths(value):
        for junk in (None, "", "junk", -1, 1.5, [], {}, [None], {"a": None}, ..., True):
            copied = copy.deepcopy(value)
            place = copied
            for key in path[:-1]:
                place = place[key]
            if junk is ...:
                del place[path[-1]]
            else:
                place[path[-1]] = junk
            yield copied


@pytest.mark.parametrize(
    ("parse", "answer"),
    [(parse_services, SERVICES), (parse_tasks, TASKS[:2]), (parse_detail, INSPECTED)],
)
def test_a_damaged_answer_is_read_or_refused(parse: Callable[[Any], Any], answer: Any) -> None:
    parse(answer)
    refused = 0
    for each in damaged(answer):
        try:
            parse(each)
        except SourceMalformed:
            refused += 1
    assert refused


def test_a_recorded_service_is_one_that_was_updated_well() -> None:
    [service] = parse_services(SERVICES)
    shown = seen(service, before="app:bad")
    assert (shown.phase, shown.by_hand) == (Phase.COMPLETED, False)
    assert shown.attempt == "2026-11-22T20:48:02.899604646Z"
    assert shown.ended - shown.began == pytest.approx(6.419, abs=0.001)
    assert service.previous
    assert service.previous.image == "app:bad"


def seen(service: SwarmService, before: str = "", now: float | None = None) -> Any:
    release = describe(service.spec.image, "", {})
    old = describe(before, "", {}) if before else None
    return look(service, release, old, service.updated_at + 1 if now is None else now)


@pytest.mark.parametrize(
    ("state", "message", "phase", "by_hand"),
    [
        ("updating", "update in progress", Phase.GOING, False),
        ("completed", "update completed", Phase.COMPLETED, False),
        ("paused", "update paused due to failure", Phase.FAILED, False),
        ("rollback_started", "update rolled back due to failure", Phase.ROLLING_BACK, False),
        ("rollback_started", "manually requested rollback", Phase.ROLLING_BACK, True),
        ("rollback_completed", "rollback completed", Phase.ROLLED_BACK, False),
        ("rollback_paused", "update paused due to failure", Phase.FAILED, False),
        ("", "", Phase.COMPLETED, False),
        ("some_new_word", "", Phase.COMPLETED, False),
    ],
)
def test_each_word_of_swarm_has_its_phase(
    state: str, message: str, phase: Phase, by_hand: bool
) -> None:
    [service] = parse_services(SERVICES)
    shown = seen(replace(service, state=state, message=message))
    assert (shown.phase, shown.by_hand) == (phase, by_hand)


def test_a_change_that_swarm_has_not_begun_yet_has_no_name_for_a_while() -> None:
    [service] = parse_services(SERVICES)
    fresh = replace(service, state="", message="", started="", completed_at=0.0)
    assert seen(fresh, now=fresh.updated_at + 1).attempt == ""
    assert seen(fresh, now=fresh.updated_at + 31).attempt != ""
    assert seen(replace(fresh, desired=0), now=fresh.updated_at + 1).attempt != ""
    never = replace(fresh, previous=None)
    assert seen(never).attempt != ""
    assert seen(never).began == fresh.created_at


def test_tasks_tell_what_failed_and_how() -> None:
    tasks = parse_tasks(TASKS)
    assert [task.at for task in tasks] == sorted((task.at for task in tasks), reverse=True)
    [failed] = [task for task in tasks if task.failed]
    assert (failed.error, failed.exit_code, failed.image) == ("non-zero exit (3)", 3, "app:bad")
    message = f"update rolled back due to failure or early termination of task {failed.id}"
    [service] = parse_services(SERVICES)
    assert replace(service, message=message).culprit == failed.id
    assert service.culprit == ""


NOW = timestamp("2026-11-22T20:01:00Z")
BASE = parse_detail(INSPECTED)
UP = replace(BASE, health="", output="", started=NOW - 30)


def phase(*details: Detail, now: float = NOW) -> Phase:
    [shown] = looks(details, "engine", now, 10.0, "by")
    return shown.phase


def test_a_container_is_well_when_it_stayed_up_or_is_healthy() -> None:
    assert phase(replace(UP, started=NOW - 9)) is Phase.GOING
    assert phase(replace(UP, started=NOW - 10)) is Phase.COMPLETED
    assert phase(replace(UP, health="starting")) is Phase.GOING
    assert phase(replace(UP, health="healthy", started=NOW - 1)) is Phase.COMPLETED
    assert phase(replace(UP, state="created", started=0.0)) is Phase.GOING


@pytest.mark.parametrize(
    ("change", "text", "code"),
    [
        ({"state": "exited", "exit_code": 1}, "a container exited", 1),
        ({"state": "dead", "exit_code": 2}, "a container exited", 2),
        (
            {"state": "restarting", "exit_code": 1},
            "a container exits and is started again",
            1,
        ),
        ({"restarts": 1}, "a container exits and is started again", None),
        ({"health": "unhealthy"}, "a container is unhealthy", None),
        (
            {"state": "exited", "exit_code": 137, "oom_killed": True},
            "a container was out of memory",
            137,
        ),
    ],
)
def test_a_container_that_is_ill_says_why(
    change: dict[str, Any], text: str, code: int | None
) -> None:
    [shown] = looks([replace(UP, **change)], "engine", NOW, 10.0, "by")
    assert shown.phase is Phase.FAILED
    assert (shown.problem.text, shown.problem.exit_code) == (text, code)


def test_the_newest_image_is_where_a_service_goes_and_old_ones_have_to_stop() -> None:
    old = replace(UP, id="old", image="shop/web:0", created=UP.created - 100)
    assert phase(UP, old) is Phase.GOING
    assert phase(UP, replace(old, state="exited")) is Phase.COMPLETED
    [shown] = looks([old, UP], "engine", NOW, 10.0, "by")
    assert shown.release.image == "shop/web:1"
    assert shown.service == Service("engine/shop/web", "web", "shop")
    assert shown.problem == NONE


def test_services_of_two_projects_are_two() -> None:
    other = replace(UP, project="blog")
    assert len(looks([UP, other], "engine", NOW, 10.0, "by")) == 2


def test_only_containers_of_compose_services_are_ours() -> None:
    labels = BASE.labels
    assert is_ours(labels)
    assert is_ours({**labels, "com.docker.compose.oneoff": "False"})
    assert not is_ours({**labels, "com.docker.compose.oneoff": "True"})
    assert not is_ours({**labels, "com.docker.swarm.service.name": "x"})
    assert not is_ours({})


def test_of_a_health_checks_words_the_end_is_kept_on_one_line() -> None:
    assert last_output({"Log": [{"Output": "old"}, {"Output": " a\n b "}]}) == "a b"
    assert last_output({"Log": [{"Output": "said"}, {"Output": ""}]}) == "said"
    assert last_output({}) == ""
    long = last_output({"Log": [{"Output": "x" * 5000 + "the error"}]})
    assert len(long) < 310
    assert long.startswith("…")
    assert long.endswith("the error")
