"""What a path leads to: files, folders, globs, and a bucket."""

import gzip
from pathlib import Path

import pytest
from obstore.store import S3Store

from exporters.backfill.files import LogFile, find
from exporters.fastly.settings import S3Settings
from tests.backfill.conftest import END, FIRST, Site
from tests.backfill.logs import lines, report, requests
from tests.fastly.s3.conftest import NAME


async def found(*paths: str) -> list[str]:
    """The names that some paths lead to, and the problems."""
    return [
        each.name if isinstance(each, LogFile) else each.problem
        async for each in find(paths, S3Settings())
    ]


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with files, which is where we are."""
    monkeypatch.chdir(tmp_path)
    for name in ("b.log", "a.log", "deep/er/c.gz", "deep/.hidden", "[x].log"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(b"123")


@pytest.mark.usefixtures("logs")
async def test_files_folders_and_globs_are_read_in_order_and_each_once() -> None:
    assert await found("b.log", "*.log") == ["b.log", "[x].log", "a.log"]
    assert await found(".") == ["[x].log", "a.log", "b.log", "deep/er/c.gz"]
    assert await found("[x].log", "**/c.gz") == ["[x].log", "deep/er/c.gz"]
    ours = [each async for each in find(["."], S3Settings(), Path("deep"))]
    assert [each.name for each in ours if isinstance(each, LogFile)] == [
        "[x].log",
        "a.log",
        "b.log",
    ]
    assert await found("gone", "*.zip", "s3://") == [
        "gone: no such file or folder",
        "*.zip: no such file or folder",
        "s3://: wants a bucket and a prefix, such as s3://bucket/prefix",
    ]


@pytest.mark.usefixtures("logs")
async def test_sizes_are_those_on_disk() -> None:
    assert [each async for each in find(["a.log"], S3Settings())] == [LogFile("a.log", 3)]


def test_objects_of_a_bucket_are_counted_once(site: Site, store: S3Store, endpoint: str) -> None:
    log = requests("bucket", 300)
    store.put("logs/1.log.gz", gzip.compress(lines("own", log[:200])))
    store.put("logs/2.log", lines("own", log[200:]))
    store.put("other/3.log", lines("own", log))
    with (site.folder / "nearfield.toml").open("a") as settings:
        settings.write(
            f'[fastly.s3]\nendpoint = "{endpoint}"\naccess_key_id = "key"\n'
            'secret_access_key = "secret"\n'
        )
    first = site.backfill(f"s3://{NAME}/logs/")
    assert (first.code, first.out) == (0, "300 lines of 2 files read\n"), first.err
    site.write("copy.log", lines("own", log[:200]))
    assert site.backfill("copy.log", f"s3://{NAME}/logs").out.startswith("0 lines of 0 files")
    assert site.report() == report([("own", log)], FIRST, END)
    empty = site.backfill(f"s3://{NAME}/nothing")
    assert empty.code == 1
    assert f"nearfield: s3://{NAME}/nothing: no objects there\n" in empty.err
