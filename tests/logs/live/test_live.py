"""Containers of a real engine: each line that they log is in Loki once, as it was written."""

import asyncio

import pytest

from tests.docker.engine import Engine
from tests.logs.live.following import HOST, Follow
from tests.loki.reading import Reader

pytestmark = pytest.mark.timeout(120)
SLOW = 40.0
NUMBERS = "i=0; while [ $i -lt {} ]; do i=$((i+1)); echo line $i; done"


@pytest.fixture
def labels(service: str) -> tuple[str, ...]:
    """What makes a container one of the service whose lines the reader reads."""
    project = ("--label", "com.docker.compose.project=site")
    return ("--label", f"com.docker.compose.service={service}", *project)


async def test_lines_of_both_streams_arrive_with_labels_and_metadata(
    engine: Engine, follow: Follow, reader: Reader, service: str, labels: tuple[str, ...]
) -> None:
    script = "echo level=warn request_id=r1 slow; echo '[error] bad' >&2; sleep 60"
    await engine.run("site-app-1", script, *labels)
    await follow.start()
    await reader.has(2, SLOW)
    out, err = await reader.lines()
    if dict(out.labels)["stream"] == "stderr":
        out, err = err, out
    wanted = {"service": service, "stack": "site", "host": HOST}
    assert dict(out.labels) == {**wanted, "stream": "stdout"}
    assert dict(err.labels) == {**wanted, "stream": "stderr"}
    known = {"container": "site-app-1", "version": "test"}
    assert dict(out.metadata) == {**known, "level": "warning", "request_id": "r1"}
    assert dict(err.metadata) == {**known, "level": "error"}
    assert follow.value("log_lines_total", service=service, level="warning") == 1
    assert follow.value("log_bytes_total", stream="stderr") == len("[error] bad")
    [seen] = [line for line in follow.read.lines if line.stream == "stdout"]
    assert (seen.service, seen.stack, seen.container) == (service, "site", "site-app-1")
    assert (seen.time_ns, seen.text, seen.level) == (out.ns, out.text, "warning")
    assert seen.fields["request_id"] == "r1"


@pytest.mark.parametrize("tty", [(), ("-t",)], ids=["frames", "terminal"])
async def test_long_coloured_and_broken_lines_arrive_whole_and_clean(
    engine: Engine,
    follow: Follow,
    reader: Reader,
    labels: tuple[str, ...],
    tty: tuple[str, ...],
) -> None:
    long = "head -c 50000 /dev/zero | tr '\\0' x; echo end"
    script = f"{long}; printf '\\033[31mred\\033[0m\\n'; printf 'a\\377b\\n'; echo ü; sleep 60"
    await engine.run("site-app-1", script, *labels, *tty)
    await follow.start()
    assert await reader.has(4, SLOW) == ["x" * 50000 + "end", "red", "a\ufffdb", "ü"]


async def test_a_restart_of_ours_neither_loses_nor_repeats(
    engine: Engine, follow: Follow, reader: Reader, labels: tuple[str, ...]
) -> None:
    more = NUMBERS.format(400) + "; sleep 1; echo oops >&2; " + NUMBERS.format(3) + "; sleep 60"
    await engine.run("site-app-1", more, *labels)
    for _ in range(3):
        await follow.start()
        await asyncio.sleep(0.3)
        await follow.stop()
    await follow.start()
    texts = await reader.has(404, SLOW)
    assert sorted(texts) == sorted(
        [f"line {n + 1}" for n in range(400)] + ["oops"] + [f"line {n + 1}" for n in range(3)]
    )


async def test_a_container_that_stops_and_starts_goes_on_where_it_was(
    engine: Engine, follow: Follow, reader: Reader, labels: tuple[str, ...]
) -> None:
    await follow.start()
    await engine.run("site-app-1", "date +%s%N; echo up", *labels)
    await reader.has(2, SLOW)
    await engine.do("start", "site-app-1")
    await reader.has(4, SLOW)
    await follow.stop()
    await engine.do("start", "site-app-1")
    await follow.start()
    assert (await reader.has(6, SLOW)).count("up") == 3


async def test_last_words_of_a_container_that_is_removed_at_once_arrive(
    engine: Engine, follow: Follow, reader: Reader, labels: tuple[str, ...]
) -> None:
    await follow.start()
    await follow_something(engine, reader, labels)
    script = NUMBERS.format(2000) + "; echo last words"
    await engine.run("job", f"sleep 0.5; {script}", "--rm", *labels)
    assert (await reader.has(2002, SLOW))[-1] == "last words"


async def follow_something(engine: Engine, reader: Reader, labels: tuple[str, ...]) -> None:
    """Return once events of the engine are heard."""
    await engine.run("first", "echo first; sleep 60", *labels)
    await reader.has(1, SLOW)


@pytest.mark.soak
@pytest.mark.long
async def test_lines_of_an_engine_that_restarts_are_neither_lost_nor_repeated(
    engine: Engine, follow: Follow, reader: Reader, labels: tuple[str, ...]
) -> None:
    await follow.start()
    await engine.run("site-app-1", "echo begun; " + NUMBERS.format(500) + "; sleep 60", *labels)
    await reader.has(501, SLOW)
    await asyncio.to_thread(engine.stop)
    await asyncio.to_thread(engine.start)
    await engine.do("start", "site-app-1")
    assert (await reader.has(1002, SLOW)).count("begun") == 2


async def test_rotation_of_the_engine_s_files_loses_nothing(
    engine: Engine, follow: Follow, reader: Reader, labels: tuple[str, ...]
) -> None:
    await follow.start()
    files = ("--log-opt", "max-size=20k", "--log-opt", "max-file=20")
    script = NUMBERS.replace("done", "[ $((i % 100)) -ne 0 ] || sleep 0.05; done").format(1000)
    await engine.run("site-app-1", f"{script}; sleep 60", *labels, *files)
    assert await reader.has(1000, SLOW) == [f"line {n + 1}" for n in range(1000)]


async def test_only_those_are_followed_that_the_settings_and_labels_want(
    engine: Engine, follow: Follow, reader: Reader, labels: tuple[str, ...]
) -> None:
    for name in ("on", "off"):
        options = ("--label", f"nearfield.logs={name}", *labels)
        await engine.run(name, f"echo {name}; sleep 60", *options)
    await engine.run("plain", "echo plain; sleep 60", *labels)
    await follow.start(containers="labelled")
    assert await reader.has(1, SLOW) == ["on"]
    await follow.stop()
    await follow.start()
    assert sorted(await reader.has(2, SLOW)) == ["on", "plain"]
