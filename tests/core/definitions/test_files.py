import os
from pathlib import Path

import pytest

from exporters.core.definitions.files import LARGEST, Look, Patterns, read


def names(look: Look) -> list[str]:
    return [one.shown for one in look.found]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "queries"
    folder.mkdir()
    (folder / "b.yml").write_text("b")
    (folder / "a.yml").write_text("a")
    (folder / "c.txt").write_text("c")
    return folder


def test_files_are_shown_by_their_path_from_the_folder_above(folder: Path) -> None:
    assert names(Patterns([folder / "*.yml"]).look()) == ["queries/a.yml", "queries/b.yml"]


def test_a_file_that_two_patterns_match_is_there_once(folder: Path) -> None:
    patterns = Patterns([folder / "*.yml", folder / "a.yml", folder.parent / "**/a.yml"])
    assert len(patterns.look().found) == 2


def test_a_file_named_in_full_is_looked_for_where_it_is_not(folder: Path) -> None:
    look = Patterns([folder / "missing.yml"]).look()
    assert [(one.shown, one.signature) for one in look.found] == [("queries/missing.yml", ())]


def test_a_pattern_that_matches_nothing_is_told(folder: Path) -> None:
    look = Patterns([folder / "*.yml", folder / "*.yaml"]).look()
    assert look.idle == ("queries/*.yaml",)


def test_a_look_differs_when_a_file_does(folder: Path) -> None:
    patterns = Patterns([folder / "*.yml"])
    file = folder / "a.yml"
    looks = [patterns.look()]
    assert patterns.look() == looks[0]
    file.write_text("longer")
    looks.append(patterns.look())
    os.utime(file, ns=(1, 1))
    looks.append(patterns.look())
    file.chmod(0o600)
    looks.append(patterns.look())
    file.unlink()
    looks.append(patterns.look())
    assert len({look.found for look in looks}) == len(looks)


def test_a_config_map_that_is_swapped_by_a_link_differs(tmp_path: Path) -> None:
    for version in ("v1", "v2"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "a.yml").write_text("same")
        os.utime(tmp_path / version / "a.yml", ns=(1, 1))
    mount = tmp_path / "mount"
    mount.mkdir()
    (mount / "..data").symlink_to(tmp_path / "v1")
    (mount / "a.yml").symlink_to("..data/a.yml")
    patterns = Patterns([mount / "*.yml"])
    before = patterns.look()
    (mount / "..new").symlink_to(tmp_path / "v2")
    (mount / "..new").rename(mount / "..data")
    assert names(before) == ["mount/a.yml"]
    assert patterns.look() != before


def test_what_cannot_be_read_is_said_in_a_few_words(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "large").write_bytes(b" " * (LARGEST + 1))
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    os.mkfifo(tmp_path / "pipe")
    assert {
        name: read(tmp_path / name) for name in ("folder", "pipe", "large", "binary", "no")
    } == {
        "folder": ("", "is not a file"),
        "pipe": ("", "is not a file"),
        "large": ("", "is larger than 256 KiB"),
        "binary": ("", "is not UTF-8 text"),
        "no": ("", "cannot be read: no such file or directory"),
    }


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_bytes(b"\xef\xbb\xbfa: 1")
    assert read(tmp_path / "a.yml") == ("a: 1", "")
