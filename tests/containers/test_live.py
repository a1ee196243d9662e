"""What becomes of real containers of a real engine, seen by a scrape."""

import asyncio
import json
import os
import subprocess
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from exporters.containers import ContainersSettings
from tests.containers.running import Running, running, until
from tests.docker.engine import Engine
from tests.programs import program

BURN = "while :; do :; done"
IDLE = "exec sleep 600"
TURNS = 10 if os.environ.get("NEARFIELD_TEST_SOAK") else 2
"""Of ten containers each that come and go."""


def kernel(container: str, engine: Engine, controller: str, name: str) -> str:
    folder = Path(f"/sys/fs/cgroup/{controller}{engine.cgroup_parent}/{container}")
    return (folder / name).read_text()


def sent_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/net/dev").read_text().splitlines()
    return int(next(line for line in lines if "eth0:" in line).split()[9])


async def test_cpu_time_and_its_limit_are_what_the_kernel_and_the_engine_say(
    engine: Engine,
) -> None:
    async with running(engine.host) as now:
        burner = await engine.run("burner", BURN, "--cpus", "0.3")
        await until(
            lambda: (now.value("container_cpu_usage_seconds_total", name="burner") or 0) > 0.6
        )

        before = now.value("container_cpu_usage_seconds_total", name="burner")
        usage = int(kernel(burner, engine, "cpuacct", "cpuacct.usage")) / 1e9
        path = f"/containers/{burner}/stats"
        told = await now.engine.client.get(path, {"stream": "false", "one-shot": "true"})
        await asyncio.sleep(1.5)
        after = now.value("container_cpu_usage_seconds_total", name="burner")

        assert before is not None
        assert after is not None
        assert before <= usage <= told["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9 <= after + 0.5
        assert now.value("container_spec_cpu_quota", name="burner") == 30_000
        assert now.value("container_cpu_cfs_throttled_periods_total", name="burner")
        count = now.value("container_cpu_utilization_ratio_count", name="burner")
        total = now.value("container_cpu_utilization_ratio_sum", name="burner")
        assert count
        assert total
        assert 0.3 < total / count < 1.6


async def test_memory_is_what_the_kernel_and_docker_stats_say(engine: Engine) -> None:
    async with running(engine.host) as now:
        script = f"head -c 5000000 /dev/zero >/tmp/file; {IDLE}"
        container = await engine.run("writer", script, "--memory", "64m", "--tmpfs", "/tmp")
        await until(lambda: (now.value("container_memory_cache", name="writer") or 0) >= 5e6)

        def usage() -> int:
            return int(kernel(container, engine, "memory", "memory.usage_in_bytes"))

        # It moves by a few pages while the container settles: equal once, and it is the same file.
        await until(lambda: now.value("container_memory_usage_bytes", name="writer") == usage())
        assert now.value("container_spec_memory_limit_bytes", name="writer") == 64 * 2**20
        inspected = await engine.inspect("writer")
        assert inspected["HostConfig"]["Memory"] == 64 * 2**20
        told = json.loads(
            await engine.do("stats", "--no-stream", "--format", "{{json .}}", "writer")
        )
        used, _, limit = told["MemUsage"].partition("MiB / ")
        assert limit == "64MiB"
        shown = now.value("container_memory_working_set_bytes", name="writer")
        assert shown == pytest.approx(float(used) * 2**20, abs=200_000)
        assert told["PIDs"] == "1"
        assert now.value("container_threads", name="writer") == 1


async def test_a_hog_that_is_killed_leaves_its_service_a_kill_and_an_exit(engine: Engine) -> None:
    async with running(engine.host) as now:
        await engine.run("hog", "exec tail /dev/zero", "--memory", "16m", "--memory-swap", "16m")
        await until(lambda: now.value("container_exits_total", service="hog", code="137") == 1)
        await until(lambda: now.state("hog") == "exited")
        assert now.value("container_oom_events_total", service="hog") == 1
        assert not now.find("container_memory_usage_bytes", name="hog")
        assert now.value("container_restarts_total", service="hog") == 0


async def test_a_kill_that_the_container_survives_is_counted_as_the_kernel_counts(
    engine: Engine,
) -> None:
    async with running(engine.host) as now:
        script = f"tail /dev/zero; tail /dev/zero; {IDLE}"
        container = await engine.run("parent", script, "--memory", "16m", "--memory-swap", "16m")
        await until(lambda: now.value("container_oom_events_total", service="parent") == 2)
        await asyncio.sleep(1.5)
        assert now.value("container_oom_events_total", service="parent") == 2
        assert "oom_kill 2" in kernel(container, engine, "memory", "memory.oom_control")
        assert now.value("container_exits_total", service="parent", code="137") == 0


async def test_traffic_is_what_the_network_namespace_counted(engine: Engine) -> None:
    subnet = f"10.{os.getpid() % 200 + 20}.77"
    await engine.do("network", "create", "--subnet", f"{subnet}.0/24", "talk")
    try:
        async with running(engine.host) as now:
            options = ("--network", "talk", "--ip")
            await engine.run("listener", IDLE, *options, f"{subnet}.2")
            script = f"ping -c 30 -i 0.02 -s 1000 {subnet}.2 >/dev/null; {IDLE}"
            await engine.run("talker", script, *options, f"{subnet}.3")
            name = "container_network_transmit_bytes_total"
            await until(lambda: (now.value(name, name="talker", interface="eth0") or 0) > 30_000)
            await asyncio.sleep(1.2)

            pid = (await engine.inspect("talker"))["State"]["Pid"]
            assert now.value(name, name="talker") == sent_bytes(pid)
            assert not now.find(name, name="talker", interface="lo")
            assert now.value("container_network_receive_packets_total", name="listener")
    finally:
        await engine.clear()
        await engine.do("network", "rm", "talk")


async def test_a_socket_leak_is_seen_in_the_namespace_where_it_grows(engine: Engine) -> None:
    leak = f"for port in 1 2 3 4 5 6; do nc -l -p 700$port & sleep 0.3; done; {IDLE}"
    async with running(engine.host) as now:
        await engine.run("tight", IDLE)
        await until(lambda: now.find("container_sockets", name="tight"))
        await engine.run("leak", leak)

        def held() -> float:
            return sum(v for _, v in now.find("container_sockets", name="leak", state="inuse"))

        await until(lambda: held() >= 1)
        await until(lambda: held() == 6)
        assert now.value("container_sockets", name="tight", protocol="tcp", state="inuse") == 0
        assert {labels["protocol"] for labels, _ in now.find("container_sockets", name="leak")} == {
            *("tcp", "tcp6", "udp", "udp6", "all")
        }


async def test_the_hosts_network_is_no_containers(engine: Engine) -> None:
    async with running(engine.host) as now:
        await engine.run("guest", IDLE, "--network", "host")
        await until(lambda: now.find("container_memory_usage_bytes", name="guest"))
        assert not now.find("container_sockets", name="guest")
        assert not now.find("container_network_receive_bytes_total", name="guest")


async def test_a_health_check_that_turns_bad_is_seen(engine: Engine) -> None:
    async with running(engine.host) as now:
        script = f"touch /tmp/well; sleep 2; rm /tmp/well; {IDLE}"
        checks = ("--health-cmd", "test -f /tmp/well", "--health-retries", "1")
        options = (*checks, "--health-interval", "0.3s", "--tmpfs", "/tmp")
        await engine.run("patient", script, *options)
        await until(lambda: now.value("container_health", name="patient", state="healthy") == 1)
        await until(lambda: now.value("container_health", name="patient", state="unhealthy") == 1)
        assert now.value("container_health", name="patient", state="healthy") == 0


async def test_a_crash_loop_is_counted_as_the_engine_counts_it(engine: Engine) -> None:
    async with running(engine.host) as now:
        labels = ("--label", "com.docker.compose.service=web")
        project = ("--label", "com.docker.compose.project=shop")
        await engine.run("shop-web-1", "exit 3", "--restart", "always", *labels, *project)
        await until(lambda: (now.value("container_restarts_total", service="web") or 0) >= 3)
        await engine.do("stop", "shop-web-1")
        counted = (await engine.inspect("shop-web-1"))["RestartCount"]

        def value(name: str, **more: str) -> float | None:
            return now.value(name, service="web", stack="shop", **more)

        await until(lambda: now.state("shop-web-1") == "exited")
        await until(lambda: value("container_restarts_total") == counted)
        assert value("container_exits_total", code="3") in {counted, counted + 1}
        await engine.do("rm", "-f", "shop-web-1")
        await until(lambda: now.state("shop-web-1") == "")
        assert value("container_restarts_total") == counted


async def test_pause_and_rename_show_at_once(engine: Engine) -> None:
    async with running(engine.host) as now:
        await engine.run("first", IDLE)
        await until(lambda: now.find("container_cpu_utilization_ratio_count", name="first"))
        await engine.do("pause", "first")
        await until(lambda: now.state("first") == "paused", within=3)
        assert now.find("container_memory_usage_bytes", name="first")
        await engine.do("unpause", "first")
        await engine.do("rename", "first", "second")
        await until(lambda: now.state("second") == "running", within=3)
        await until(lambda: now.find("container_cpu_utilization_ratio_count", name="second"))
        assert 'name="first"' not in now.page()


async def test_a_daemon_that_restarts_is_taken_up_again(engine: Engine) -> None:
    async with running(engine.host) as now:
        await engine.run("steady", IDLE, "--restart", "always")
        await until(lambda: now.find("container_memory_usage_bytes", name="steady"))
        await asyncio.to_thread(engine.stop)
        await until(lambda: now.exporters[0].health()[0].reason)
        assert now.exporters[0].health()[0].fresh
        await asyncio.to_thread(engine.start)
        await until(lambda: not now.exporters[0].health()[0].reason, within=30)
        await until(lambda: now.state("steady") == "running")
        await until(lambda: now.find("container_memory_usage_bytes", name="steady"))
        assert now.value("container_restarts_total", service="steady") == 1


@pytest.mark.soak
async def test_containers_come_and_go_and_leave_nothing(engine: Engine) -> None:
    async with running(engine.host) as now:
        await engine.run("stays", IDLE)
        await until(lambda: now.find("container_memory_usage_bytes", name="stays"))
        settled = _held(now)
        for turn in range(TURNS):
            names = [f"brief{turn}-{each}" for each in range(10)]
            label = ("--label", "com.docker.compose.service=brief")
            await _three_at_once([engine.run(name, IDLE, *label) for name in names])
            await until(lambda: now.page().count("container_last_seen{") == 11)
            await _three_at_once([engine.do("rm", "-f", name) for name in names])
            # Not a second look: whoever scrapes after the engine has said so sees none of them.
            await until(lambda: 'name="brief' not in now.page(), within=3)
        await until(lambda: _held(now) <= settled)
        assert len(now.engine.inventory.containers) == 1
        assert now.value("container_exits_total", service="brief", code="137") == 10 * TURNS


async def _three_at_once(work: list[Coroutine[Any, Any, str]]) -> None:
    turn = asyncio.Semaphore(3)

    async def one(each: Coroutine[Any, Any, str]) -> None:
        async with turn:
            await each

    await asyncio.gather(*map(one, work))


def _held(now: Running) -> tuple[int, int]:
    return len(list(Path("/proc/self/fd").iterdir())), len(asyncio.all_tasks())


async def test_replicas_and_failed_tasks_belong_to_the_swarms_service(engine: Engine) -> None:
    await engine.do("swarm", "init", "--advertise-addr", "127.0.0.1", "--listen-addr", "127.0.0.1")
    try:
        create = ("service", "create", "--detach", "--name", "shop_web", "--replicas", "2")
        stack = "com.docker.stack.namespace=shop"
        labels = ("--label", stack, "--container-label", stack)
        quick = (
            "--restart-delay",
            "0s",
            "--stop-grace-period",
            "0s",
            "--network",
            "host",
            "--no-resolve-image",
        )
        await engine.do(*create, *labels, *quick, "busybox:test", "sleep", "600")
        async with running(engine.host) as now:

            def replicas(state: str) -> float | None:
                return now.value("swarm_service_replicas", service="web", stack="shop", state=state)

            await until(lambda: replicas("running") == 2 == replicas("desired"), within=40)
            running_labels = [each for each, _ in now.find("container_last_seen", service="web")]
            assert {each["stack"] for each in running_labels} == {"shop"}

            before = now.engine.inventory.containers
            victim = next(each.pid for each in before.values() if each.service == "web")
            os.kill(victim, 9)
            await until(lambda: now.value("container_restarts_total", service="web") == 1)
            assert now.value("container_exits_total", service="web", code="137") == 1
    finally:
        await engine.do("swarm", "leave", "--force")


async def test_where_no_cgroup_is_seen_the_stats_api_answers(
    engine: Engine, tmp_path: Path
) -> None:
    settings = ContainersSettings(cgroup_root=tmp_path, proc_root=tmp_path, labels=("tier",))
    async with running(engine.host, settings) as now:
        container = await engine.run("far", BURN, "--cpus", "0.2", "--label", "tier=back")
        await until(lambda: now.find("container_cpu_utilization_ratio_count", name="far"))
        seen = now.value("container_cpu_usage_seconds_total", name="far")
        usage = int(kernel(container, engine, "cpuacct", "cpuacct.usage")) / 1e9
        assert seen is not None
        assert 0 < seen <= usage
        assert now.value("container_memory_rss", name="far", container_label_tier="back")
        assert now.value("container_threads", name="far") == 1


async def test_the_page_satisfies_promtool(engine: Engine) -> None:
    promtool = program("promtool", package="prometheus")
    async with running(engine.host) as now:
        await engine.run("one", f"head -c 1000000 /dev/zero >/file; sync; {IDLE}", "--cpus", "1")
        await until(lambda: now.find("container_cpu_utilization_ratio_count", name="one"))
        page = now.page()
    done = await asyncio.to_thread(
        subprocess.run,
        [promtool, "check", "metrics"],
        input=page,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


async def test_without_an_engine_there_is_one_line_and_a_source_that_is_not_fresh(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(f"unix://{tmp_path}/none.sock") as now:
        docker = now.exporters[0]

        def tried(source: str) -> float:
            return now.find("nearfield_poll_failures_total", source=source, reason="unavailable")[
                0
            ][1]

        await until(lambda: tried("containers") >= 2)
        await until(lambda: tried("events") >= 2)
        assert not docker.health()[0].fresh
        assert docker.health()[0].reason.startswith("unavailable")
        assert not now.find("container_state")
    assert len([each for each in caplog.records if each.levelname == "WARNING"]) == 1
