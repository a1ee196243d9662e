from exporters.core.definitions import Parsed, Placed
from exporters.core.definitions.settle import Settled, settle
from tests.core.definitions.kinds import Tap


def parsed(file: str, *taps: Tap, problem: str = "") -> Parsed:
    placed = tuple(Placed("sql", tap, file, 1) for tap in taps)
    return Parsed(placed, (problem,) if problem else ())


def given(settled: dict[str, Settled]) -> dict[str, list[str]]:
    return {f: [one.definition.name for one in s.placed] for f, s in settled.items()}


A, B, C = Tap("a", "1"), Tap("b", "1"), Tap("c", "1")


def test_a_broken_file_gives_its_last_good_version_whole() -> None:
    before = settle({"f": parsed("f", A, B)}, {})
    after = settle({"f": parsed("f", A, problem="b is wrong")}, before)
    assert given(after) == {"f": ["a", "b"]}
    assert after["f"].problems == ("b is wrong",)
    assert after["f"].held == before["f"].placed


def test_a_file_that_never_was_good_gives_what_is_good_in_it() -> None:
    first = settle({"f": parsed("f", A, problem="b is wrong")}, {})
    assert given(first) == {"f": ["a"]}
    second = settle({"f": parsed("f", C, problem="b is wrong")}, first)
    assert given(second) == {"f": ["c"]}


def test_a_file_that_is_gone_gives_nothing() -> None:
    assert settle({}, settle({"f": parsed("f", A)}, {})) == {}


def test_among_newcomers_the_first_file_has_the_name() -> None:
    settled = settle({"f": parsed("f", A), "g": parsed("g", A, B)}, {})
    assert given(settled) == {"f": ["a"], "g": ["b"]}
    assert settled["g"].problems == ("g:1: a: the name is taken by f",)


def test_a_name_stays_with_the_file_that_has_it() -> None:
    before = settle({"g": parsed("g", A)}, {})
    after = settle({"f": parsed("f", A, B), "g": parsed("g", A)}, before)
    assert given(after) == {"f": ["b"], "g": ["a"]}


def test_a_name_can_move_from_one_file_to_another() -> None:
    for old, new in (("f", "g"), ("g", "f")):
        before = settle({old: parsed(old, A), new: parsed(new, B)}, {})
        after = settle({old: parsed(old), new: parsed(new, A, B)}, before)
        assert given(after) == {old: [], new: ["a", "b"]}


def test_a_clash_ends_when_the_other_file_gives_the_name_up() -> None:
    files = {"f": parsed("f", A), "g": parsed("g", A)}
    clash = settle(files, {})
    after = settle(files | {"f": parsed("f", B)}, clash)
    assert given(after) == {"f": ["b"], "g": ["a"]}
    assert not after["g"].problems


def test_what_falls_back_takes_its_names_back() -> None:
    # f gives up a for c, which is taken, so f falls back to a; then g may not have it either.
    before = settle({"f": parsed("f", A), "h": parsed("h", C)}, {})
    files = {"f": parsed("f", C), "g": parsed("g", A), "h": parsed("h", C)}
    after = settle(files, before)
    assert given(after) == {"f": ["a"], "g": [], "h": ["c"]}
    assert after["f"].problems == ("f:1: c: the name is taken by h",)
    assert after["g"].problems == ("g:1: a: the name is taken by f",)


def test_metrics_of_different_entries_must_differ_too() -> None:
    one, two = Tap("one", "1", ("x_total",)), Tap("two", "1", ("x_total",))
    settled = settle({"f": parsed("f", one, two)}, {})
    assert settled["f"].problems == ("f:1: two: x_total is defined already, in f",)


def test_names_of_our_own_metrics_are_taken() -> None:
    settled = settle({"f": parsed("f", A, B)}, {}, reserved={"a"})
    assert given(settled) == {"f": ["b"]}
    assert settled["f"].problems == ("f:1: a: a is a metric of Nearfield itself",)
