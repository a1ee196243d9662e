"""The CSV of older endpoints, with everything that has gone wrong in it over the years."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from exporters.fastly.formats import FORMATS
from tests.fastly.formats.conftest import Read

REAL = Path(__file__).parents[4] / "shared" / "data" / "fastly-csv-2016-10-10"
with_real = pytest.mark.skipif(not REAL.is_dir(), reason="the real log files are not beside us")

PREFIX = "<134>2016-10-14T16:56:41Z cache-jfk8141 S3TheShow[81772]: "
HEAD = "192.0.2.7,[14/Oct/2016:16:56:40 +0000],"
TAIL = ',39.04,-77.49,"Ashburn",NA,US,"United States"'


def twelve(path: str = "/uploads/show/145/show-145.mp3", agent: str = '"Player/1"') -> str:
    return f"{PREFIX}{HEAD}{path},262732,200,{agent}{TAIL}"


def read(reads: Read, line: str | bytes) -> dict[str, Any]:
    (found,) = reads(line if isinstance(line, bytes) else line.encode())
    return found


def test_twelve_fields_behind_a_syslog_prefix(reads: Read) -> None:
    found = read(reads, twelve())
    assert found["reason"] is None
    assert str(found["began"]) == "2016-10-14 16:56:40"
    assert (found["path"], found["bytes"], found["status"]) == (
        "/uploads/show/145/show-145.mp3",
        262732,
        200,
    )
    assert (found["agent"], found["address"]) == ("Player/1", "192.0.2.7")
    assert (found["country"], found["continent"]) == ("US", "NA")
    assert found["pop"] == "cache-jfk8141"
    assert (found["method"], found["ranged"], found["hop"]) == (None, False, False)


@pytest.mark.parametrize("control", [b"\0", b"\1", b"\t", b"\v", b"\r", b"\x1f"], ids=repr)
def test_a_control_character_is_a_space(reads: Read, control: bytes) -> None:
    agent = twelve(agent='"Player/1 X"').encode().replace(b" X", control + b"X")
    behind = twelve(agent='"Other/1"').encode() + control
    first, second = reads(agent, behind)
    assert (first["agent"], second["agent"]) == ("Player/1 X", "Other/1")
    assert first["country"] == second["country"] == "US"


def test_the_same_without_the_prefix(reads: Read) -> None:
    found = read(reads, twelve().removeprefix(PREFIX))
    assert (found["reason"], found["pop"], found["country"]) == (None, "", "US")


def test_lines_with_and_without_surprises_are_read_alike(reads: Read) -> None:
    """The pattern reads what is cut at commas, when an end that nobody writes makes it odd."""
    eleven = '192.0.2.7,[14/Oct/2016:16:56:40 +0000],/a.mp3,50,206,"A, b",50,-8.5,berlin,EU,germany'
    for line in (twelve(), twelve().removeprefix(PREFIX), eleven, eleven.replace('"A, b"', "A")):
        odd = line.replace("germany", '"germany"') if "germany" in line else line + " "
        cut, matched = read(reads, line), read(reads, odd)
        assert cut == {**matched, "pop": cut["pop"]}
        assert (cut["pop"] or "") == (matched["pop"] or "")


def test_eleven_fields_have_only_the_name_of_a_country(reads: Read) -> None:
    line = "192.0.2.7,[14/Oct/2016:16:56:40 +0000],/a.mp3,50,206,Player/1 (a; b),50,8.5,berlin,EU,"
    found = read(reads, line + "germany")
    assert (found["reason"], found["country"], found["continent"]) == (None, "germany", "EU")
    assert found["agent"] == "Player/1 (a; b)"


def test_eleven_fields_are_quoted_where_they_must_be(reads: Read) -> None:
    line = (
        "192.0.2.7,[14/Oct/2016:16:56:40 +0000],/a.mp3,50,206,"
        '"Player/1 (like ""Gecko"", he said)",50,8.5,"washington, d.c.",NA,"korea, republic of"'
    )
    found = read(reads, line)
    assert found["agent"] == 'Player/1 (like "Gecko", he said)'
    assert found["country"] == "korea, republic of"


def test_eleven_fields_may_know_no_place(reads: Read) -> None:
    line = "192.0.2.7,[14/Oct/2016:16:56:40 +0000],/a.mp3,50,206,Player/1,,,,,"
    found = read(reads, line)
    assert (found["reason"], found["agent"], found["country"]) == (None, "Player/1", "")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('"Player/1"', "Player/1"),
        ('""Player/1""', "Player/1"),
        ('"Player "quoted" one"', 'Player "quoted" one'),
        (
            '"Mozilla/5.0 (KHTML, like Gecko) Chrome/53"',
            "Mozilla/5.0 (KHTML, like Gecko) Chrome/53",
        ),
        ('"a,1,200,"b",NA,US,"c""', 'a,1,200,"b",NA,US,"c'),
        ('""', ""),
        ('"(null)"', ""),
        ("(null)", ""),
        ('"Плеер/1"', "Плеер/1"),
    ],
)
def test_an_agent_is_what_lies_between_its_neighbours(
    reads: Read, written: str, meant: str
) -> None:
    found = read(reads, twelve(agent=written))
    assert (found["reason"], found["agent"], found["country"]) == (None, meant, "US")


@pytest.mark.parametrize(
    "path",
    [
        "/uploads/show/1/a,b.mp3",
        "/uploads/show/1/,,,.mp3",
        '/junk/","/x',
    ],
)
def test_commas_in_a_url_are_its_own(reads: Read, path: str) -> None:
    found = read(reads, twelve(path=path))
    assert (found["reason"], found["path"], found["status"]) == (None, path, 200)


@pytest.mark.parametrize(
    ("city", "meant"), [('"(null)"', "US"), ('"São Paulo"', "US"), ('"A, B"', "US"), ("x", "US")]
)
def test_any_city_is_a_city(reads: Read, city: str, meant: str) -> None:
    found = read(reads, twelve().replace('"Ashburn"', city))
    assert (found["reason"], found["country"]) == (None, meant)


def test_a_place_that_is_not_known_is_null(reads: Read) -> None:
    line = twelve().replace(TAIL, ',(null),(null),"(null)",(null),(null),"(null)"')
    found = read(reads, line)
    assert (found["reason"], found["country"], found["continent"]) == (None, *["(null)"] * 2)


def test_invalid_utf_8_spoils_its_character_only(reads: Read) -> None:
    found = read(reads, twelve(agent='"Caf\xe9"').encode("latin-1"))
    assert (found["reason"], found["agent"]) == (None, "Caf�")


def test_a_line_of_another_shape_is_malformed(reads: Read) -> None:
    for line in ("a,b,c", PREFIX, twelve()[:-30], PREFIX + "{not json"):
        assert read(reads, line)["reason"] == "malformed"


def test_a_csv_without_a_number_of_bytes_has_sent_none(reads: Read) -> None:
    found = read(reads, twelve().replace("262732", "(null)"))
    assert (found["reason"], found["bytes"]) == (None, 0)


@with_real
def test_every_line_of_the_real_files_is_understood(reads: Read) -> None:
    lines = [line for file in sorted(REAL.iterdir()) for line in file.read_bytes().splitlines()]
    found = reads(*lines, form=FORMATS["csv"])
    assert len(found) == len(lines) == 381
    assert {each["reason"] for each in found} == {None}
    assert Counter(each["status"] for each in found) == {200: 376, 206: 5}
    assert {each["country"] for each in found} == {"US"}
    assert sum(each["bytes"] for each in found) == sum(
        int(line.split(b".mp3,")[1].split(b",")[0]) for line in lines
    )
    assert all(each["agent"] and each["agent"][0] != '"' for each in found)
