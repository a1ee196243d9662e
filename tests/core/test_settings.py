import os
import string
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import Field, SecretStr

from exporters.core.errors import SettingsError
from exporters.core.quantities import Address, Duration, Listen, Size, parse_address
from exporters.core.settings import Folder, Location, Section, load


class Stream(Section):
    token: SecretStr | None = None
    window: Duration = 60.0


class Shop(Section):
    listen: Listen = Address("127.0.0.1", 1)
    size: Size = 1024
    key: SecretStr | None = None
    rules: tuple[str, ...] = ()
    names: dict[str, str] = Field(default_factory=dict)
    certificate: Location | None = None
    open: bool = True
    shelves: int = 3
    stream: Stream = Stream()


class House(Section):
    data_dir: Folder = Path("data")
    shop: Shop = Shop()
    stream: Stream = Stream()


def read(
    tmp_path: Path,
    text: str = "",
    environ: Mapping[str, str] | None = None,
    **more: tuple[str, ...],
) -> House:
    file = tmp_path / "house.toml"
    file.write_text(text)
    return load(House, file, environ or {}, **more)


def problems(
    tmp_path: Path, text: str = "", environ: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text, environ)
    return caught.value.problems


def test_without_file_and_variables_everything_has_its_default() -> None:
    house = load(House, None, {})
    assert house.shop == Shop()
    assert house.data_dir == Path.cwd() / "data"


def test_variables_lie_over_the_file(tmp_path: Path) -> None:
    text = '[shop]\nsize = "2KiB"\nshelves = 7\n[shop.stream]\nwindow = "1m"\n'
    house = read(
        tmp_path, text, {"NEARFIELD_SHOP__SIZE": "4KiB", "NEARFIELD_SHOP__STREAM__WINDOW": "5m"}
    )
    assert (house.shop.size, house.shop.shelves, house.shop.stream.window) == (4096, 7, 300)


def test_relative_paths_start_at_the_folder_of_the_file(tmp_path: Path) -> None:
    house = read(tmp_path, 'data_dir = "d"\n[shop]\ncertificate = "/etc/c.pem"\n')
    assert (house.data_dir, house.shop.certificate) == (tmp_path / "d", Path("/etc/c.pem"))


def test_a_secret_is_read_from_its_file_without_its_line_end(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("s3cret\n")
    house = read(tmp_path, '[shop]\nkey_file = "key"\n')
    assert house.shop.key is not None
    assert house.shop.key.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(house) + str(house) + house.model_dump_json()


def test_a_secret_of_a_variable_takes_the_place_of_the_file_s(tmp_path: Path) -> None:
    house = read(tmp_path, '[shop]\nkey_file = "gone"\n', {"NEARFIELD_SHOP__KEY": "over"})
    assert house.shop.key is not None
    assert house.shop.key.get_secret_value() == "over"


def test_lists_and_tables_can_be_given_by_variables(tmp_path: Path) -> None:
    environ = {"NEARFIELD_SHOP__RULES": "a.yml, b.yml", "NEARFIELD_SHOP__NAMES__X": "y"}
    house = read(tmp_path, "", environ)
    assert house.shop.rules == ("a.yml", "b.yml")
    assert house.shop.names == {"x": "y"}
    environ = {"NEARFIELD_SHOP__RULES": '["a,b"]'}
    assert read(tmp_path, "", environ).shop.rules == ("a,b",)


def test_an_address_can_be_given_by_a_variable(tmp_path: Path) -> None:
    for text in ("0.0.0.0:1", "[::1]:9580", ":2"):
        listen = read(tmp_path, "", {"NEARFIELD_SHOP__LISTEN": text}).shop.listen
        assert listen == parse_address(text)


def test_a_section_that_is_not_used_is_not_looked_into(tmp_path: Path) -> None:
    house = read(tmp_path, "[shop]\nnonsense = 1\nkey_file = 'gone'\n", {}, unused=("shop",))
    assert house.shop == Shop()


def test_every_problem_is_told_at_once_with_its_path_and_what_is_wanted(tmp_path: Path) -> None:
    text = """
    data_dir = 5
    shopp = {}
    [shop]
    listn = "x"
    listen = "here"
    size = "64"
    key_file = "gone"
    open = "maybe"
    shelves = 1.5
    rules = 5
    [shop.stream]
    window = 5
    tokn_file = "x"
    """
    assert sorted(problems(tmp_path, text)) == sorted(
        [
            "data_dir: wants the path of a file or folder",
            'shopp: unknown setting; did you mean "shop"?',
            'shop.listn: unknown setting; did you mean "listen"?',
            'shop.listen: wants an address and a port, such as "127.0.0.1:9580" or "[::1]:9580"',
            'shop.size: wants a size over zero with its unit, such as "64MiB" or "1.5GB"',
            "shop.key_file: the file cannot be read: No such file or directory",
            "shop.open: wants true or false",
            "shop.shelves: wants a whole number",
            "shop.rules: wants a list",
            (
                "shop.stream.window: wants a duration over zero with its unit, such as"
                ' "30s", "5m" or "1h30m"'
            ),
            'shop.stream.tokn_file: unknown setting; did you mean "token_file"?',
        ]
    )


def test_problems_of_variables_name_the_variable(tmp_path: Path) -> None:
    environ = {
        "NEARFIELD_SHOP__SHELVES": "many",
        "NEARFIELD_SHOP__LISTN": "x",
        "NEARFIELD_SHOPP__LISTEN": "x",
        "NEARFIELD_DATADIR": "x",
        "NEARFIELD_TEST_LOKI_URL": "somebody else's",
        "NEARFIELD_SHOP__SIZE": "",
    }
    assert sorted(problems(tmp_path, "", environ)) == [
        'NEARFIELD_DATADIR: unknown setting; did you mean "NEARFIELD_DATA_DIR"?',
        'NEARFIELD_SHOPP__LISTEN: unknown setting; did you mean "shop"?',
        'shop.listn (NEARFIELD_SHOP__LISTN): unknown setting; did you mean "listen"?',
        "shop.shelves (NEARFIELD_SHOP__SHELVES): wants a whole number",
    ]


def test_both_a_secret_and_its_file_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("a")
    assert problems(tmp_path, '[shop]\nkey = "b"\nkey_file = "key"\n') == (
        "shop.key_file: set either this or key, not both",
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"[shop\nkey = 'hunter2'", "is not TOML: look at line 1, column 6"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"a = " + b"[" * 5000, "is not TOML that anybody can read: nested too deeply"),
    ],
)
def test_a_file_that_is_no_toml_says_where_and_quotes_nothing(
    tmp_path: Path, content: bytes, problem: str
) -> None:
    file = tmp_path / "house.toml"
    file.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        load(House, file, {})
    assert caught.value.problems == (f"{file}: {problem}",)


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: No such file or directory"):
        load(House, tmp_path / "gone.toml", {})


def test_no_problem_quotes_a_value(tmp_path: Path) -> None:
    wrong = ("listen", "size", "open", "shelves")
    text = "[shop]\nkey = 5\n" + "".join(f'{name} = "hunter2"\n' for name in wrong)
    assert "hunter2" not in "".join(problems(tmp_path, text, {"NEARFIELD_STREAM": "hunter2"}))


KEYS = st.sampled_from(
    ["shop", "stream", "key", "key_file", "listen", "size", "rules", "names", "x"]
)
SCALARS = st.one_of(
    st.text(max_size=8),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.sampled_from(["1s", "1KiB", ":1"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=8,
)


def as_toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        safe = string.ascii_letters + string.digits + " :."
        return '"' + "".join(c if c in safe else f"\\U{ord(c):08x}" for c in value) + '"'
    if isinstance(value, list):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {as_toml(inner)}" for key, inner in value.items()) + "}"
    return str(value)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    tables=st.dictionaries(KEYS, VALUES, max_size=4),
    environ=st.dictionaries(
        st.sampled_from(
            ["SHOP__KEY", "SHOP__NAMES", "SHOP", "STREAM__X__Y", "SHOP__RULES", "X__Y", "DATA_DIR"]
        ),
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12),
        max_size=3,
    ),
)
def test_whatever_is_written_the_answer_is_settings_or_problems(
    tmp_path: Path, tables: dict[str, object], environ: dict[str, str]
) -> None:
    text = "\n".join(f"{key} = {as_toml(value)}" for key, value in tables.items())
    variables = {f"NEARFIELD_{name}": value for name, value in environ.items()}
    try:
        read(tmp_path, text, variables)
    except SettingsError as error:
        assert error.problems
        assert all("\n" not in problem for problem in error.problems)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=st.binary(max_size=60))
def test_any_bytes_are_settings_or_problems(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / os.urandom(4).hex()
    file.write_bytes(content)
    try:
        load(House, file, {})
    except SettingsError as error:
        assert error.problems
