"""Importing a module has no effect: no file, socket, thread, log handler or metric appears."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "exporters").rglob("*.py")
)

# Runs in a process of its own. Audit events tell of every file opened to write, every socket,
# every process: an import may only read.
PROBE = """
import logging, os, signal, sys, threading
import prometheus_client
before = (set(prometheus_client.REGISTRY._names_to_collectors), list(logging.root.handlers),
          threading.active_count(), dict(os.environ), signal.getsignal(signal.SIGTERM))
effects = []
def watch(event, args):
    writes = os.O_WRONLY | os.O_RDWR | os.O_CREAT
    if event == "open" and isinstance(args[2], int) and args[2] & writes:
        effects.append(f"opens {args[0]} to write")
    elif event in {"socket.connect", "socket.bind", "subprocess.Popen", "os.mkdir", "os.remove",
                   "os.chmod", "os.chown", "os.fork", "os.kill"}:
        effects.append(f"{event} {args}")
sys.addaudithook(watch)
import importlib
for name in sys.argv[1:]:
    importlib.import_module(name)
after = (set(prometheus_client.REGISTRY._names_to_collectors), list(logging.root.handlers),
         threading.active_count(), dict(os.environ), signal.getsignal(signal.SIGTERM))
parts = ["registry", "log handlers", "threads", "environment", "signals"]
for what, b, a in zip(parts, before, after):
    if a != b:
        effects.append(f"changes {what}: {b} -> {a}")
print("\\n".join(effects), end="")
"""


def effects(*modules: str) -> str:
    done = subprocess.run(
        [sys.executable, "-B", "-c", PROBE, *modules],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        check=False,
    )
    return done.stdout + done.stderr


def test_importing_every_module_has_no_effect() -> None:
    assert effects(*MODULES) == ""


def test_the_probe_sees_an_effect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "loud.py").write_text("open('/dev/null', 'w').close()")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert "opens /dev/null to write" in effects("loud")
