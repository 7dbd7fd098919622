"""An engine says what it can do with the server that is there, and what helps where that server is too old."""

from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.servers.engine import engine, engine_with, engines, server_version

NEWEST = "temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)"
OLD = "temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)"


def test_what_an_engine_lacks_is_said_with_those_that_have_it() -> None:
    assert engine("dev").lacks("persistence", "restart", "time skipping") == ""
    assert engine("time-skipping").lacks("restart", "persistence") == (
        "the engine `time-skipping` (the SDK's test server, in memory) has no restart and no persistence; `dev` can"
    )
    assert engine("time-skipping").lacks("time skipping") == ""


def test_an_unknown_engine_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"unknown engine 'deev': there are dev, time-skipping.*dev"):
        engine("deev")
    with pytest.raises(UsageError, match="unknown engine"):
        engine_with("full", version=NEWEST)


def test_the_server_s_version_is_read_from_what_the_binary_prints() -> None:
    assert server_version(NEWEST) == (1, 32)
    assert server_version("temporal version 0.0.0-DEV (Server 2.4.0-rc.1, UI 1)") == (2, 4)
    assert server_version("temporal version 3") == ()
    assert server_version("temporal-test-server 1.40.0") == ()


def test_the_engine_dev_skips_time_from_server_1_32_on() -> None:
    assert engine_with("dev", version=NEWEST) == engines()["dev"]
    assert engine_with("dev", version=NEWEST).skips_time
    assert engine_with("dev", version="temporal version 2.0.0 (Server 2.0.0)").skips_time
    old = engine_with("dev", version=OLD)
    assert not old.skips_time
    assert old.lacks("persistence", "restart", "acceleration") == ""
    assert old.lacks("time skipping") == (
        "the engine `dev` (the development server of the Temporal CLI, server 1.29) has no time skipping; server 1.32 "
        "and later can, which the Temporal CLI has from 1.9 on: run `pip install 'crashproof[server]'`, or name one "
        "with --temporal"
    )
    assert "server of unknown version) has no time" in engine_with("dev", version="temporal version 3").lacks(
        "time skipping"
    )


def test_the_test_server_skips_time_whatever_its_version() -> None:
    assert engine_with("time-skipping", version="temporal-test-server (it does not say which)").skips_time
