"""Tests that share a server stay in one worker."""

import os

import pytest


def test_each_worker_sees_the_groups(request: pytest.FixtureRequest) -> None:
    alone = "PYTEST_XDIST_WORKER" not in os.environ
    assert alone or request.node.nodeid.endswith("@tests/house/test_workers.py")
