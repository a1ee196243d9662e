import re
from html.parser import HTMLParser

from exporters.core.exposition import ValueFamily
from exporters.landing import Landing, Link
from tests.landing.stock import (
    FAILING,
    FRESH,
    LATE,
    NOW,
    WAITING,
    Shelf,
    dairy,
    downloads,
    episodes,
    opened,
)

VOID = {"meta", "link", "input", "br"}


class Balanced(HTMLParser):
    """Fails where a tag is closed that is not the last one opened."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert "style" not in dict(attrs), "the policy of the page forbids it"
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


async def page(*shelves: Shelf, families: tuple[ValueFamily, ...] = ()) -> str:
    landing = Landing([dairy(*shelves, families=families)], "1.2.3", clock=lambda: NOW)
    async with opened(landing) as http:
        text = await (await http.get("/")).text()
    Balanced(text)
    return text


async def test_the_page_tells_a_person_what_is_late_and_why() -> None:
    text = await page(FRESH, LATE)
    assert "1 source has no fresh data." in text
    assert "no &lt;b&gt;hens&lt;/b&gt;&quot;" in text
    assert 'href="metrics?collect%5B%5D=dairy"' in text
    assert "<title>(1) Nearfield</title>" in text


async def test_all_is_well_when_all_is_fresh_though_a_read_failed() -> None:
    text = await page(FRESH, FAILING)
    assert "Everything that runs has fresh data." in text
    assert "no answer within 5 s" in text


async def test_what_waits_for_others_and_reads_nothing_is_at_work() -> None:
    text = await page(FRESH, WAITING, LATE)
    assert text.count("at work") == 1
    assert text.count("waiting") == 1


async def test_without_families_there_are_no_numbers_and_no_plot() -> None:
    text = await page(FRESH)
    assert "<svg" not in text
    assert "<dl" not in text
    assert "Newest episodes" not in text


async def test_the_downloads_of_the_last_minutes_are_a_plot_and_a_list() -> None:
    family = downloads()
    family.add_many([(("dairy", "3"), 100), (("dairy", "older"), 7), (("farm", "x"), 1)])
    landing = Landing(
        [dairy(families=(family, *episodes()))], "1", cures=["a <cure>"], clock=lambda: NOW
    )
    async with opened(landing) as http:
        landing.look()
        assert "min ago</span>" not in await (await http.get("/")).text(), "nothing is known yet"
        family.add_many([(("farm", "x"), 1), (("dairy", "3"), 40), (("dairy", "older"), 2)])
        landing.look()
        text = await (await http.get("/")).text()
        numbers = await (await http.get("/?format=json")).json()
    Balanced(text)
    assert "<title>43 until 08:00:00 UTC</title>" in text
    heard = text[text.index("Most downloaded") : text.index("Newest episodes")]
    assert re.findall(r'<th scope="row">(.*?) <small>(.*?)</small>', heard) == [
        ("Curds &amp; whey", "The &lt;Dairy&gt; Hour"),
        ("x", "farm"),
    ]
    assert "a &lt;cure&gt;" in text
    assert numbers["figures"]["downloads_last_minute"] == 43
    assert numbers["sources"] == {"all": 0, "late": 0}


async def test_the_newest_episodes_come_first_with_what_each_source_counted() -> None:
    text = await page(families=tuple(episodes()))
    rows = re.findall(r'<tr><th scope="row">(.*?) <small>(.*?)</tr>', text)
    assert [title for title, _ in rows] == ["Curds &amp; whey", "Cheese", "Butter"]
    told = [re.findall(r">([^<>]*)</(?:time>|td)", cells) for _, cells in rows]
    assert [[part for part in row if part] for row in told] == [
        ["24 h ago", "3,000", "2,950"],
        ["2 days ago", "2,000"],
        ["3 days ago", "1,000"],
    ]


async def test_the_page_loads_nothing_that_is_not_its_own() -> None:
    landing = Landing([dairy(FRESH)], "1", links=lambda: [Link("Grafana", "http://g/?a=1&b=2")])
    async with opened(landing) as http:
        answer = await http.get("/")
        text = await answer.text()
        policy = answer.headers["Content-Security-Policy"]
        loaded = re.findall(r'(?:src|rel="stylesheet" href)="([^"]+)"', text)
        for path in loaded:
            file = await http.get(f"/{path}")
            assert file.status == 200
            assert "immutable" in file.headers["Cache-Control"]
    assert len(loaded) == 2
    assert "unsafe" not in policy
    assert "http:" not in policy
    assert '<a href="http://g/?a=1&amp;b=2">Grafana</a>' in text
