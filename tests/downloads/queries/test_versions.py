import pytest

from exporters.downloads.queries.versions import ANY, parse_range, version_of


@pytest.mark.parametrize(
    ("number", "version"), [(180006, (18, 6, 0)), (100000, (10, 0, 0)), (90624, (9, 6, 24))]
)
def test_versions_are_numbered_as_libpq_does(number: int, version: tuple[int, ...]) -> None:
    assert version_of(number) == version


@pytest.mark.parametrize(
    ("text", "covered", "not_covered"),
    [
        (">=10.0.0", [100000, 180006], [90624]),
        (">10.0.0", [100001], [100000]),
        ("<10.0.0", [90624], [100000]),
        (">=9.6.0 <14.0.0", [90600, 130002], [140000, 90500]),
        ("<9.6.0 || >=17.0.0", [90400, 180000], [160003]),
        ("9.6.x", [90600, 90624], [90500, 100000]),
        ("16.x || 17.x", [160000, 170005], [150000]),
        ("!=18.6.0", [180005], [180006]),
        ("=18.6.0", [180006], [180005]),
        ("18.6", [180006], [180005]),
    ],
)
def test_a_range_covers_what_it_says(text: str, covered: list[int], not_covered: list[int]) -> None:
    found = parse_range(text)
    assert found is not None
    assert [found.covers(server) for server in covered] == [True] * len(covered)
    assert [found.covers(server) for server in not_covered] == [False] * len(not_covered)


@pytest.mark.parametrize("text", ["", "new", ">=", "10 ||", ">=10.0.0 and more", "10.0.0.0"])
def test_what_is_no_range_is_none(text: str) -> None:
    assert parse_range(text) is None


def test_without_a_range_every_version_is_covered() -> None:
    assert ANY.covers(90100)
