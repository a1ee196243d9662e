import io
import logging
from collections.abc import Iterator

import pytest

from exporters.core import log


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What is written to the log; the loggers are put back as they were."""
    root, quiet = logging.getLogger(), [logging.getLogger(n) for n in ("asyncio", "psycopg")]
    handlers, level, levels = root.handlers[:], root.level, [logger.level for logger in quiet]
    stream = io.StringIO()
    log.configure("INFO", stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    for logger, old in zip(quiet, levels, strict=True):
        logger.setLevel(old)


def test_a_record_is_one_line_of_logfmt(written: io.StringIO) -> None:
    logging.getLogger("exporters.core.poller").warning('%s said "no"\n', "app")
    line = written.getvalue()
    assert line.count("\n") == 1
    assert line.endswith(' level=warning logger=core.poller msg="app said \\"no\\"\\n"\n')


def test_a_traceback_stays_in_its_line(written: io.StringIO) -> None:
    try:
        [].pop()
    except IndexError:
        logging.getLogger("exporters").exception("broken")
    assert written.getvalue().count("\n") == 1
    assert "IndexError: pop" in written.getvalue()


def test_the_words_of_a_database_library_stay_out(written: io.StringIO) -> None:
    logging.getLogger("psycopg").warning("query cancellation failed: host=10.1.2.3 user=me")
    assert written.getvalue() == ""
