import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.core.errors import StartError
from exporters.fastly.agents import Agent
from exporters.fastly.apps import own_classifier
from exporters.fastly.apps.opawg import LISTS, opawg_classifier

OPAWG = Path(__file__).parents[3] / "shared" / "data" / "opawg-user-agents-v2"
with_opawg = pytest.mark.skipif(not OPAWG.is_dir(), reason="the OPAWG lists are not beside us")

CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/120.0.0.0 Safari/537.36"
)
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"

# Apps of the lists whose examples come from servers of theirs, not from a person's telephone.
SERVERS = {"Iframely", "Podchaser", "Snapchat"}


def examples(name: str) -> list[tuple[str, str]]:
    if not OPAWG.is_dir():
        return []
    entries = json.loads((OPAWG / f"{name}.json").read_text())["entries"]
    return [(entry["name"], text) for entry in entries for text in entry.get("examples", ())]


@pytest.mark.parametrize(
    ("text", "agent"),
    [
        ("Overcast/3.0 (+http://overcast.fm/; iOS podcast app)", Agent("Overcast")),
        ("Podcasts/1650.20 CFNetwork/1410.0.3 Darwin/22.6.0", Agent("Apple Podcasts")),
        ("AppleCoreMedia/1.0.0.20G81 (iPhone; U; CPU OS 16_6 like Mac OS X)", Agent("Apple app")),
        ("Spotify/8.8.74 Android/33 (Pixel 7)", Agent("Spotify")),
        ("Spotify/1.0", Agent("Spotify crawler", "bot")),
        ("curl/8.4.0", Agent("curl")),
        ("WhatsApp/2.23.20 i", Agent("WhatsApp")),
        ("EvenNewerBot/0.1 (audio)", Agent("crawler", "bot")),
        (GOOGLEBOT, Agent("crawler", "bot")),
        ("python-requests/2.31.0", Agent("Python", "bot")),
        (CHROME, Agent("Chrome")),
        ("SomethingNew/1.0", Agent("unknown")),
        ("", Agent("unknown", "bot")),
        ("atc/1.0 watchOS/9.6 model/Watch6,1", Agent("unknown", "watch")),
        ("(null)/(null) watchOS/5.1 model/Watch4,2", Agent("unknown", "watch")),
        ("atc/1.0", Agent("unknown")),
    ],
)
def test_an_agent_is_the_app_that_our_table_says(text: str, agent: Agent) -> None:
    assert own_classifier()([text]) == [agent]


@with_opawg
def test_no_named_podcast_app_becomes_a_bot() -> None:
    apps = [(name, text) for name, text in examples("apps") if name not in SERVERS]
    found = own_classifier()([text for _, text in apps])
    assert [app for app, agent in zip(apps, found, strict=True) if agent.kind != "listener"] == []


@with_opawg
def test_with_the_opawg_lists_every_example_gets_its_name() -> None:
    classify = opawg_classifier(OPAWG)
    expected = [example for name in LISTS for example in examples(name)]
    found = classify([text for _, text in expected])
    wrong = [(e, a) for e, a in zip(expected, found, strict=True) if e[0] != a.app]
    assert wrong == []
    assert len(expected) == 1420


@with_opawg
def test_bots_of_the_opawg_lists_are_no_listeners() -> None:
    classify = opawg_classifier(OPAWG)
    assert {a.kind for a in classify([t for _, t in examples("bots")])} <= {"bot", "watch"}
    assert {a.kind for a in classify([t for _, t in examples("browsers")])} == {"listener"}


def test_a_list_that_cannot_be_used_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"bots\.json: cannot be read"):
        opawg_classifier(tmp_path)
    (tmp_path / "bots.json").write_text('{"entries": [{"name": "x", "pattern": "("}]}')
    with pytest.raises(StartError, match=r"bots\.json: is no list of OPAWG's"):
        opawg_classifier(tmp_path)


@given(st.lists(st.text(max_size=2000), max_size=5))
def test_any_text_has_an_answer_in_its_place(texts: list[str]) -> None:
    classify = CLASSIFY
    assert [classify([text])[0] for text in texts] == list(classify(texts))


CLASSIFY = own_classifier()
