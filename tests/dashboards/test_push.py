"""`nearfield dashboards push` against a strict stand-in for Grafana, and a real one if given."""

import copy
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from dashboards.build import shipped
from dashboards.grafana import Grafana, grafana
from exporters.cli import main
from exporters.core.errors import (
    SettingsError,
    SourceMalformed,
    SourceRejected,
    SourceUnavailable,
)

TOKEN = "glsa_secret"
Json = dict[str, Any]


@dataclass
class StandIn:
    """Grafana's API as far as a push needs it, refusing what Grafana refuses."""

    folders: dict[str, str] = field(default_factory=dict)
    dashboards: dict[str, Json] = field(default_factory=dict)
    posts: list[str] = field(default_factory=list)
    url: str = ""

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._authorized], client_max_size=2**24)
        app.router.add_get("/under/api/folders/{uid}", self._folder)
        app.router.add_post("/under/api/folders", self._new_folder)
        app.router.add_get("/under/api/dashboards/uid/{uid}", self._dashboard)
        app.router.add_post("/under/api/dashboards/db", self._save)
        return app

    @web.middleware
    async def _authorized(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"message": "Invalid API key"}, status=401)
        if request.method == "POST":
            self.posts.append(request.path)
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _folder(self, request: web.Request) -> web.Response:
        uid = request.match_info["uid"]
        if uid not in self.folders:
            return web.json_response({"message": "folder not found"}, status=404)
        return web.json_response({"uid": uid, "title": self.folders[uid]})

    async def _new_folder(self, request: web.Request) -> web.Response:
        body = await request.json()
        assert body.keys() == {"uid", "title"}
        self.folders[body["uid"]] = body["title"]
        return web.json_response(body)

    async def _dashboard(self, request: web.Request) -> web.Response:
        found = self.dashboards.get(request.match_info["uid"])
        if not found:
            return web.json_response({"message": "Dashboard not found"}, status=404)
        return web.json_response(found)

    async def _save(self, request: web.Request) -> web.Response:
        body = await request.json()
        assert body.keys() == {"dashboard", "folderUid", "overwrite"}
        dashboard = body["dashboard"]
        if body["folderUid"] not in self.folders:
            return web.json_response({"message": "folder not found"}, status=400)
        if dashboard["id"] is not None or len(dashboard["uid"]) > 40:
            return web.json_response({"message": "uid too long, max 40 characters"}, status=400)
        before = self.dashboards.get(dashboard["uid"])
        version = before["dashboard"]["version"] + 1 if before else 1
        if before and not body["overwrite"]:
            return web.json_response({"status": "version-mismatch"}, status=412)
        numbered = {**dashboard, "id": len(self.dashboards) + 1, "version": version}
        self.dashboards[dashboard["uid"]] = {
            "dashboard": numbered,
            "meta": {"folderUid": body["folderUid"]},
        }
        return web.json_response({"status": "success", "uid": dashboard["uid"]})


@pytest.fixture
async def there() -> AsyncIterator[StandIn]:
    stand_in = StandIn()
    async with TestServer(stand_in.app()) as server:
        stand_in.url = str(server.make_url("/under"))
        yield stand_in


@pytest.fixture
async def api(there: StandIn) -> AsyncIterator[Grafana]:
    async with grafana(there.url, TOKEN) as api:
        yield api


async def push(api: Grafana, dashboards: list[Json] | None = None, **more: Any) -> list[str]:
    changes = await api.push(dashboards or list(shipped()), "nearfield", "Nearfield", **more)
    return [change.what for change in changes]


async def test_all_are_new_the_first_time_and_the_same_the_second(
    there: StandIn, api: Grafana
) -> None:
    assert await push(api) == ["new"] * 12
    posts = len(there.posts)
    assert await push(api) == ["same"] * 12
    assert len(there.posts) == posts == 13
    assert there.folders == {"nearfield": "Nearfield"}


async def test_what_was_edited_in_grafana_is_put_right(there: StandIn, api: Grafana) -> None:
    await push(api)
    there.dashboards["nearfield-now"]["dashboard"]["title"] = "Mine"
    there.dashboards["nearfield-cdn"]["meta"]["folderUid"] = "elsewhere"
    assert sorted(await push(api)) == ["changed"] * 2 + ["same"] * 10
    assert there.dashboards["nearfield-now"]["dashboard"]["title"] == "Nearfield 1: Now"
    assert there.dashboards["nearfield-now"]["dashboard"]["version"] == 2


async def test_a_dry_run_writes_nothing(there: StandIn, api: Grafana) -> None:
    assert await push(api, dry_run=True) == ["new"] * 12
    assert there.posts == []


async def test_a_refused_token_is_told_without_it(there: StandIn) -> None:
    async with grafana(there.url, "wrong") as api:
        with pytest.raises(SourceRejected) as caught:
            await push(api)
    assert "wrong" not in str(caught.value)


async def test_grafana_s_own_word_for_a_refusal_is_told(api: Grafana) -> None:
    dashboard = copy.deepcopy(next(iter(shipped())))
    dashboard["uid"] = "nearfield-" + "x" * 40
    with pytest.raises(SourceRejected, match="uid too long"):
        await push(api, [dashboard])


async def test_nobody_there_is_told_in_a_line() -> None:
    async with grafana("http://127.0.0.1:9", TOKEN) as api:
        with pytest.raises(SourceUnavailable, match="cannot be reached"):
            await push(api)


async def test_another_server_is_told_from_grafana() -> None:
    async def page(_: web.Request) -> web.Response:
        return web.Response(text="<html>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/{path:.*}", page)
    async with TestServer(app) as server, grafana(str(server.make_url("")), TOKEN) as api:
        with pytest.raises(SourceMalformed, match="no Grafana"):
            await push(api)


@pytest.mark.parametrize(
    ("url", "token", "problem"),
    [("ftp://x", TOKEN, "--url"), ("x", TOKEN, "--url"), ("http://x", "", "--token-file")],
)
async def test_a_wrong_usage_is_told_before_anything_is_sent(
    url: str, token: str, problem: str
) -> None:
    with pytest.raises(SettingsError, match=problem):
        async with grafana(url, token):
            pass


def test_the_command_wants_a_token_that_can_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "token"
    assert main(["dashboards", "push", "--url", "http://x", "--token-file", str(file)]) == 2
    assert capsys.readouterr().err.startswith("nearfield: --token-file: ")


def test_the_command_tells_in_one_line_that_nobody_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    arguments = ["dashboards", "push", "--url", "http://127.0.0.1:9", "--token-file", str(file)]
    assert main(arguments) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert "cannot be reached" in line
    assert TOKEN not in line


@pytest.mark.skipif(not os.environ.get("NEARFIELD_TEST_GRAFANA_URL"), reason="no Grafana is given")
async def test_a_real_grafana_takes_and_keeps_all() -> None:
    url = os.environ["NEARFIELD_TEST_GRAFANA_URL"]
    token = os.environ["NEARFIELD_TEST_GRAFANA_TOKEN"]
    async with grafana(url, token) as api:
        assert len(await push(api)) == 12
        assert await push(api) == ["same"] * 12
        assert await push(api, dry_run=True) == ["same"] * 12
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(f"{url.rstrip('/')}/api/search?tag=nearfield") as answer,
    ):
        assert {each["uid"] for each in await answer.json()} >= {d["uid"] for d in shipped()}
