"""The state machine, by stories of one service."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.containers.deploys.model import Deploy, Found, Look, Phase, Problem
from exporters.containers.deploys.tracker import FORGET, RECENT, Tracker
from tests.containers.deploys.stories import WEB, Story, release

GOING, COMPLETED, FAILED = Phase.GOING, Phase.COMPLETED, Phase.FAILED
BACK, IS_BACK = Phase.ROLLING_BACK, Phase.ROLLED_BACK


def test_a_service_that_is_first_seen_is_found_and_not_deployed() -> None:
    story = Story()
    assert story.see("a") == ["found a"]
    assert story.see("a") == []
    assert story.runs == ["a"]


def test_another_image_is_a_deploy_that_ends_well() -> None:
    story = Story()
    story.see("a")
    assert story.see("b", GOING) == ["began b from a"]
    assert story.see("b", GOING) == []
    assert story.see("b", COMPLETED) == ["completed b from a"]
    assert story.see("b", COMPLETED) == []
    assert story.runs == ["b"]


def test_a_deploy_that_was_over_before_anybody_looked_is_told_whole() -> None:
    story = Story()
    story.see("a")
    assert story.see("b", COMPLETED) == ["began b from a", "completed b from a"]


@pytest.mark.parametrize("times", [1, 100])
def test_an_update_that_changes_nothing_is_no_deploy(times: int) -> None:
    story = Story()
    story.see("a")
    for n in range(times):
        assert story.see("a", GOING, f"again-{n}", after=30) == []
        assert story.see("a", COMPLETED, f"again-{n}") == []


def test_a_failed_deploy_tells_why() -> None:
    story = Story()
    story.see("a")
    story.see("b", GOING)
    story.now += 1
    why = Problem("non-zero exit (3)", 3)
    look = Look(WEB, release("b"), FAILED, "to-b", 0, problem=why)
    [news] = story.tracker.observe([look], story.now)
    assert isinstance(news, Deploy)
    assert (news.outcome, news.problem) == ("failed", why)
    assert story.runs == ["b"]


def test_a_failed_image_that_works_when_tried_again_is_a_deploy() -> None:
    story = Story()
    story.see("a")
    assert story.see("b", FAILED, "t1")[1] == "failed b from a"
    for n in range(100):
        assert story.see("b", GOING, f"again-{n}", after=30) == []
        assert story.see("b", FAILED, f"again-{n}") == []
    assert story.see("b", COMPLETED, "t2") == ["began b from a", "completed b from a"]
    assert story.see("b", COMPLETED, "t3") == []
    assert story.runs == ["b"]


def test_an_update_that_swarm_rolls_back_is_one_deploy() -> None:
    story = Story()
    story.see("a")
    story.see("b", GOING, "t1")
    assert story.see("a", BACK, "t1", attempted="b") == []
    assert story.see("a", IS_BACK, "t1", attempted="b") == ["rolled_back b from a"]
    assert story.see("a", IS_BACK, "t1", attempted="b") == []
    assert story.runs == ["a"]


def test_a_rollback_that_somebody_asks_for_later_is_a_deploy_of_its_own() -> None:
    story = Story()
    story.see("a")
    story.see("b", COMPLETED, "t1")
    assert story.see("a", BACK, "t2", before="b", by_hand=True) == ["began a from b by hand"]
    assert story.see("a", IS_BACK, "t2", before="b", by_hand=True) == [
        "rolled_back a from b by hand"
    ]
    assert story.runs == ["a"]


def test_a_deploy_that_is_taken_back_under_way_is_one_deploy() -> None:
    story = Story()
    story.see("a")
    story.see("b", GOING, "t1")
    assert story.see("a", BACK, "t2", before="b", by_hand=True) == []
    assert story.see("a", IS_BACK, "t2", before="b", by_hand=True) == ["rolled_back b from a"]


def test_a_deploy_that_another_overtakes_is_abandoned() -> None:
    story = Story()
    story.see("a")
    story.see("b", GOING, "t1")
    assert story.see("c", GOING, "t2") == ["abandoned b from a", "began c from b"]
    assert story.see("c", COMPLETED, "t2") == ["completed c from b"]


def test_a_change_of_settings_under_way_is_the_same_deploy() -> None:
    story = Story()
    story.see("a")
    story.see("b", GOING, "t1")
    assert story.see("b", GOING, "t2") == []
    assert story.see("b", COMPLETED, "t2") == ["completed b from a"]


def test_the_moment_before_an_update_has_its_name_is_waited_out() -> None:
    story = Story()
    story.see("a")
    assert story.see("b", COMPLETED, attempt="") == []
    assert story.see("b", GOING, "t1") == ["began b from a"]


def test_a_deploy_without_an_end_fails_at_its_deadline_once() -> None:
    story = Story(deadline=60)
    story.see("a")
    story.see("b", GOING)
    assert story.see("b", GOING, after=59) == []
    assert story.see("b", GOING, after=2) == ["failed b from a"]
    assert story.see("b", GOING, after=600) == []
    assert story.see("b", COMPLETED) == []


def test_compose_may_have_no_container_for_a_moment() -> None:
    story = Story()
    story.see("a")
    assert story.see_nothing(5) == []
    assert story.see("b", GOING) == ["began b from a"]
    assert story.see_nothing(5) == []
    assert story.see("b") == ["completed b from a"]


def test_a_service_that_is_removed_under_way_abandons_its_deploy_and_its_series() -> None:
    story = Story()
    story.see("a")
    story.see("b", GOING)
    assert story.see_nothing(61) == ["abandoned b from a"]
    assert story.see_nothing(61) == []


def test_a_service_that_comes_back_within_a_day_is_known_and_later_is_new() -> None:
    story = Story()
    story.see("a")
    story.see_nothing(FORGET - 10)
    assert story.see("b") == ["began b from a", "completed b from a"]
    story.see_nothing(FORGET + 10)
    assert story.see("c") == ["found c"]


def test_a_job_that_ends_with_zero_is_done_and_a_server_that_does_so_has_failed() -> None:
    job, server = Story(), Story()
    job.see("a", FAILED, exited_well=True)
    server.see("a", COMPLETED)
    assert job.see("b", FAILED, exited_well=True)[1] == "completed b from a"
    assert server.see("b", FAILED, exited_well=True)[1] == "failed b from a"


def test_a_deploy_under_way_at_our_start_is_taken_up() -> None:
    story = Story()
    assert story.see("b", GOING, before="a") == ["began b from a"]
    assert story.runs == ["a"]
    assert story.see("b", COMPLETED, before="a") == ["completed b from a"]


def test_a_deploy_that_ended_just_before_our_start_is_told() -> None:
    story = Story()
    just = story.now - RECENT / 2
    assert story.see("b", COMPLETED, before="a", ended=just, began=just - 9) == [
        "began b from a",
        "completed b from a",
    ]


def test_a_deploy_that_ended_long_before_our_start_is_history() -> None:
    story = Story()
    long_ago = story.now - 2 * RECENT
    assert story.see("b", COMPLETED, before="a", ended=long_ago) == ["found b"]


def test_a_rollback_at_our_start_names_what_was_given_up_or_nothing() -> None:
    story = Story()
    assert story.see("a", BACK, "t1", attempted="b") == ["began b from a"]
    assert story.runs == ["a"]
    assert story.see("a", IS_BACK, "t1", attempted="b") == ["rolled_back b from a"]
    assert Story().see("a", IS_BACK, "t1") == ["found a"]


def test_what_the_ledger_knew_makes_a_change_in_our_absence_a_deploy() -> None:
    story = Story()
    story.tracker.remember({WEB.id: release("a")})
    assert story.see("b", GOING) == ["began b from a"]
    same = Story()
    same.tracker.remember({WEB.id: release("b")})
    assert same.see("b") == ["found b"]


LOOKS = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.sampled_from(Phase),
        st.sampled_from(["", "t1", "t2", "t3"]),
        st.sampled_from(["", "a", "b"]),
        st.booleans(),
        st.floats(0, 5000),
    ),
    max_size=40,
)


@given(LOOKS)
def test_whatever_is_seen_each_deploy_begins_once_and_ends_once_before_the_next(
    looks: list[tuple[str, Phase, str, str, bool, float]],
) -> None:
    tracker, now = Tracker(), 1_000_000.0
    open_deploy: Deploy | None = None
    found = 0
    for image, phase, attempt, before, by_hand, pause in looks:
        now += pause
        look = Look(
            WEB,
            release(image),
            phase,
            attempt,
            began=now,
            before=release(before) if before else None,
            attempted=release(before) if before else None,
            by_hand=by_hand,
        )
        for news in tracker.observe([look], now):
            if isinstance(news, Found):
                found += 1
                assert open_deploy is None
            elif news.outcome is None:
                assert open_deploy is None
                assert news.before is None or not news.before.same(news.release)
                open_deploy = news
            else:
                assert open_deploy
                assert replace(news, outcome=None, ended=0, problem=Problem()) == open_deploy
                open_deploy = None
        assert tracker.busy == (open_deploy is not None)
        assert len(list(tracker.current())) <= 1
    assert found <= 1
