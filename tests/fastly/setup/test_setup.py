"""`nearfield fastly setup` against a strict fake of Fastly's API: what it says, does and leaves."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from exporters import cli
from exporters.core.errors import SettingsError
from exporters.fastly.formats import log_format
from exporters.fastly.setup import receiver_url
from tests.fastly.setup.fake import SECRET, TOKEN, Answer, Fastly, Service, refused

URL = "https://logs.example.com/ingest/fastly"
Run = Callable[..., Awaitable[tuple[int, list[str], list[str]]]]


@pytest.fixture
async def fastly() -> AsyncIterator[Fastly]:
    async with Fastly() as opened:
        yield opened


@pytest.fixture
def file(fastly: Fastly, tmp_path: Path) -> Path:
    (tmp_path / "api_token").write_text(TOKEN + "\n")
    (tmp_path / "token").write_text(f"{SECRET}\nan-older-secret\n")
    file = tmp_path / "nearfield.toml"
    file.write_text(
        '[fastly]\nservice_ids = ["svc"]\ntoken_file = "token"\n'
        f'[fastly.realtime]\ntoken_file = "api_token"\napi_url = "{fastly.url}"\n'
    )
    return file


@pytest.fixture
def setup(file: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command as a user does: its exit code, its lines, its lines of error."""

    async def setup(*arguments: str, url: str = URL) -> tuple[int, list[str], list[str]]:
        given = ("fastly", "setup", "--url", url, "--config", str(file), *arguments)
        code = await asyncio.to_thread(cli.main, given)
        out, err = capsys.readouterr()
        for secret in (TOKEN, SECRET, "an-older-secret", "127.0.0.1"):
            assert secret not in out + err
        return code, out.splitlines(), err.splitlines()

    return setup


def read(file: Path) -> str:
    return file.read_text()


def rewrite(file: Path, *changes: tuple[str, str]) -> None:
    text = read(file)
    for before, after in changes:
        text = text.replace(before, after)
    file.write_text(text)


async def test_a_new_version_has_the_endpoint_and_waits(setup: Run, fastly: Fastly) -> None:
    code, out, err = await setup()
    assert (code, err) == (0, [])
    assert fastly.service.active == 1
    assert fastly.service.endpoints[1] == {}
    endpoint = fastly.service.endpoints[2]["Nearfield"]
    assert endpoint["url"] == URL
    assert endpoint["header_name"] == "Authorization"
    assert endpoint["header_value"] == f"Bearer {SECRET}"
    assert endpoint["format"] == log_format()
    assert (endpoint["json_format"], endpoint["message_type"]) == ("2", "blank")
    assert (endpoint["format_version"], endpoint["method"]) == ("2", "POST")
    assert out[:4] == [
        "Service svc, whose version 1 is the one to start from:",
        "  clone version 1",
        f'  add the HTTPS log endpoint "Nearfield" to {URL}',
        "    with a token in the header Authorization, and our log format",
    ]
    assert out[-1] == "Service svc: version 2 is valid and waits to be activated"


async def test_it_says_first_what_it_will_do(setup: Run, fastly: Fastly) -> None:
    code, out, _ = await setup("--dry-run", "--activate")
    assert code == 0
    assert "  activate it" in out
    assert fastly.writes == []


async def test_a_new_version_serves_when_that_is_asked_for(setup: Run, fastly: Fastly) -> None:
    code, out, _ = await setup("--activate")
    assert (code, fastly.service.active) == (0, 2)
    assert out[-1] == "Service svc: version 2 is active"
    assert fastly.asked[-3:] == [
        "GET svc/version/2/validate",
        "GET svc/version",
        "PUT svc/version/2/activate",
    ]


async def test_a_second_run_has_nothing_to_do_and_clones_nothing(
    setup: Run, fastly: Fastly
) -> None:
    await setup("--activate")
    done = len(fastly.writes)
    for arguments in ((), ("--activate",)):
        code, out, _ = await setup(*arguments)
        assert (code, len(out)) == (0, 1)
        assert "nothing to do, version 2" in out[0]
    assert len(fastly.writes) == done


async def test_a_version_that_waits_is_not_made_again_but_can_be_activated(
    setup: Run, fastly: Fastly
) -> None:
    await setup()
    done = len(fastly.writes)
    code, out, _ = await setup()
    assert (code, len(out), len(fastly.writes)) == (0, 1, done)
    assert "version 2" in out[0]
    code, out, _ = await setup("--activate")
    assert (code, fastly.service.active) == (0, 2)
    assert "  go on with version 2, which an earlier run left" in out
    assert fastly.writes[done:] == ["PUT svc/version/2/activate"]


async def test_what_changed_is_changed_in_a_new_version(
    setup: Run, fastly: Fastly, file: Path
) -> None:
    await setup("--activate")
    (file.parent / "token").write_text("a-newer-secret\n")
    code, out, _ = await setup(url="https://other.example.com")
    assert code == 0
    changed = '  change the HTTPS log endpoint "Nearfield": url, header_value (not shown)'
    assert changed in out
    assert "a-newer-secret" not in "".join(out)
    endpoint = fastly.service.endpoints[3]["Nearfield"]
    assert endpoint["url"] == "https://other.example.com/ingest/fastly"
    assert endpoint["header_value"] == "Bearer a-newer-secret"
    assert endpoint["placement"] is None
    assert fastly.service.endpoints[2]["Nearfield"]["url"] == URL


async def test_other_endpoints_are_left_alone(setup: Run, fastly: Fastly) -> None:
    other = {"name": "Theirs", "url": "https://theirs.example.com"}
    fastly.service.endpoints[1]["Theirs"] = other
    await setup("--activate", "--name", "our logs / 1")
    assert fastly.service.endpoints[2]["Theirs"] == other
    assert fastly.service.endpoints[2]["our logs / 1"]["url"] == URL
    code, _, _ = await setup("--name", "our logs / 1", url="https://b.example.com")
    assert code == 0
    assert fastly.service.endpoints[3]["our logs / 1"]["url"].startswith("https://b.")


async def test_the_drafts_of_others_are_left_alone(setup: Run, fastly: Fastly) -> None:
    fastly.service.add(2, comment="half done")
    await setup("--activate")
    assert fastly.service.active == 3
    assert fastly.service.versions[2]["comment"] == "half done"
    assert fastly.service.endpoints[2] == {}


async def test_our_own_draft_from_before_somebody_s_version_is_left_alone(
    setup: Run, fastly: Fastly
) -> None:
    await setup()
    fastly.service.add(3)
    fastly.service.activate(3)
    await setup("--activate")
    assert fastly.service.active == 4
    assert fastly.service.versions[4]["comment"].endswith("from version 3")


async def test_a_service_that_never_served_is_set_up_too(setup: Run, fastly: Fastly) -> None:
    fastly.services["svc"] = Service(active=False)
    await setup()
    code, _, _ = await setup("--activate")
    assert (code, fastly.service.active, list(fastly.service.versions)) == (0, 2, [1, 2])


async def test_several_services_are_all_told_before_the_first_is_touched(
    setup: Run, fastly: Fastly
) -> None:
    fastly.services["another"] = Service()
    code, out, _ = await setup("--service", "svc", "--service", "another", "--service", "svc")
    assert code == 0
    told = [line for line in out if line.startswith("Service")]
    assert [line.split()[1].rstrip(",:") for line in told[:3]] == ["svc", "another", "svc"]
    assert [list(each.endpoints[2]) for each in fastly.services.values()] == [["Nearfield"]] * 2


async def test_the_header_and_the_token_of_the_api_can_be_others(
    setup: Run, fastly: Fastly, file: Path
) -> None:
    rewrite(
        file, ("[fastly]", '[fastly]\ntoken_header = "X-Secret"'), ('token_file = "api_token"', "")
    )
    code, _, err = await setup()
    assert (code, len(err)) == (2, 1)
    code, _, _ = await setup("--api-token-file", str(file.parent / "api_token"))
    assert code == 0
    endpoint = fastly.service.endpoints[2]["Nearfield"]
    assert (endpoint["header_name"], endpoint["header_value"]) == ("X-Secret", SECRET)


def answering(status: int, msg: str, detail: str = "", **headers: str) -> Answer:
    return lambda _: refused(status, msg, detail, **headers)


@pytest.mark.parametrize(
    ("where", "answer", "error"),
    [
        (
            "GET version",
            answering(401, "Provided credentials are missing"),
            "refuses the token (401)",
        ),
        (
            "PUT clone",
            answering(403, "You are not authorized"),
            "does not let the token do this (403)",
        ),
        ("GET version", answering(404, "Record not found"), "(404): Record not found"),
        ("POST logging/https", answering(409, "Conflict", SECRET), "(409): Conflict: …"),
        (
            "POST logging/https",
            answering(422, "Bad request", "locked"),
            "(422): Bad request: locked",
        ),
        ("PUT activate", answering(500, "Oh no"), "cannot answer now (500)"),
        ("GET validate", lambda _: refused(200, "x"), "something else than it promises"),
    ],
)
async def test_a_refusal_is_one_line_and_serves_nothing_new(
    setup: Run, fastly: Fastly, where: str, answer: Answer, error: str
) -> None:
    fastly.answers[where] = [answer]
    code, _, err = await setup("--activate")
    assert (code, len(err)) == (1, 1)
    assert error in err[0]
    assert fastly.service.active == 1
    code, _, _ = await setup("--activate")
    assert (code, fastly.service.active) == (0, 2)


async def test_a_wrong_token_changes_nothing(setup: Run, fastly: Fastly, file: Path) -> None:
    (file.parent / "api_token").write_text("wrong")
    code, _, err = await setup("--activate")
    assert (code, fastly.writes) == (1, [])
    [told] = err
    assert told == (
        "nearfield: Fastly's API refuses the token (401): it wants the right to write the"
        " configuration of the services"
    )


async def test_a_version_that_somebody_locks_meanwhile_is_left_and_cloned_anew(
    setup: Run, fastly: Fastly
) -> None:
    fastly.before["POST logging/https"] = lambda: fastly.service.versions[2].update(locked=True)
    code, _, err = await setup("--activate")
    assert (code, fastly.service.active) == (1, 1)
    assert "Version 2 is locked" in err[0]
    code, _, _ = await setup("--activate")
    assert (code, fastly.service.active) == (0, 3)


async def test_a_version_that_is_not_valid_is_not_activated(setup: Run, fastly: Fastly) -> None:
    fastly.problem = f"Syntax error in VCL\nnear line 7, {SECRET}"
    code, _, err = await setup("--activate")
    assert (code, fastly.service.active) == (1, 1)
    [told] = err
    assert told == (
        "nearfield: service svc: Fastly finds version 2 not valid, and it was not activated:"
        " Syntax error in VCL near line 7, …"
    )
    fastly.problem = ""
    code, _, _ = await setup("--activate")
    assert (code, fastly.service.active) == (0, 2)


async def test_a_version_that_somebody_activates_meanwhile_is_not_undone(
    setup: Run, fastly: Fastly
) -> None:
    def somebody() -> None:
        fastly.service.add(9)
        fastly.service.activate(9)

    fastly.before["GET validate"] = somebody
    code, _, err = await setup("--activate")
    assert (code, fastly.service.active) == (1, 9)
    assert "another version was activated meanwhile" in err[0]


async def test_we_wait_a_little_when_there_are_too_many_requests(
    setup: Run, fastly: Fastly
) -> None:
    fastly.answers["PUT clone"] = [answering(429, "Too many", Retry_After="0.05")] * 2
    code, _, _ = await setup("--activate")
    assert (code, fastly.service.active) == (0, 2)


async def test_we_do_not_wait_for_an_hour(setup: Run, fastly: Fastly) -> None:
    for headers in ({"Retry_After": "1800"}, {"Fastly_RateLimit_Reset": "4000000000"}):
        fastly.answers["PUT clone"] = [answering(429, "Too many", **headers)]
        code, _, err = await setup("--activate")
        assert code == 1
        assert "asks for fewer requests (429)" in err[0]
    fastly.answers["PUT clone"] = [answering(429, "Too many", Retry_After="0")] * 9
    code, _, err = await setup("--activate")
    assert (code, len(fastly.answers["PUT clone"])) == (1, 6)


async def test_what_is_missing_is_told_all_at_once(setup: Run, file: Path) -> None:
    rewrite(file, (read(file), ""))
    code, _, err = await setup(url="http://logs.example.com")
    assert code == 2
    assert [line.split(": ")[1] for line in err] == [
        "fastly.service_ids",
        "fastly.token_file",
        "--api-token-file",
        "--url",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "logs.example.com",
        "http://logs.example.com",
        "https://",
        "https://a b/",
        "https://user:pw@logs.example.com",
        "https://logs.example.com/?x=1",
        "https://logs.example.com/#x",
        "https://logs.example.com:port/",
        "https://[/",
        "https://logs.example.com/\n",
    ],
)
def test_the_address_of_the_receiver_is_a_plain_https_address(text: str) -> None:
    with pytest.raises(SettingsError):
        receiver_url(text)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://logs.example.com", "https://logs.example.com/ingest/fastly"),
        ("https://logs.example.com:9581/", "https://logs.example.com:9581/ingest/fastly"),
        ("https://example.com/logs/in", "https://example.com/logs/in"),
    ],
)
def test_a_path_is_added_where_there_is_none(text: str, url: str) -> None:
    assert receiver_url(text) == url


def test_the_format_can_be_printed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(("fastly", "log-format")) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == log_format()
    assert any(line.split() == ["Custom", "header", "name", "Authorization"] for line in lines)
