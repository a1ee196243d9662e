"""Stack traces as containers write them, line by line, are joined and then recognised."""

import pytest

from exporters.logs.exceptions import exception_of
from exporters.logs.exceptions.recognise import recognise
from exporters.logs.joining import Joiner, Rules
from exporters.logs.model import Line
from exporters.logs.parsing import Parsed, parse
from tests.logs.exceptions import stacks

STACKS = {name: text for name, text in vars(stacks).items() if name.isupper()}


@pytest.mark.parametrize("name", STACKS)
def test_of_lines_that_come_one_by_one_the_exception_is_counted_once(name: str) -> None:
    texts = ["GET /shop 200", *STACKS[name].rstrip("\n").split("\n"), "GET /cart 200"]
    joiner = Joiner(Rules())
    joined = [*joiner.feed(range(len(texts)), texts).texts, *joiner.flush().texts]
    found = [one for one in map(exception_of, map(_line, joined)) if one]
    whole = recognise(STACKS[name])
    assert whole
    assert found == [whole]


def _line(text: str) -> Line:
    [level] = parse([text])["level"]
    return Line(0, "shop_web_1", "web", "shop", "stderr", level, text, Parsed(text))
