"""Campaigns as a user has them: on one machine alone, and on machines of which one dies, against a real cluster."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.app import campaign
from harness.app.connection import ClusterConnection
from harness.errors import UsageError
from harness.records.options import SweepOptions
from harness.records.sweep_result import News
from harness.servers.binaries import find_temporal
from harness.servers.dev import DevServer
from tests.rig.cli.running import Done, begun, crashproof, marked

DECLARED = '''
"""A charge that happens twice, and one that does not."""

from harness import Scenario, start

charges = Scenario(worker="python -m scenarios.broken.agents.effect_without_key", work=start("ChargeWithoutKey", "x"))
'''
KEY = "campaign-canary-key"
ONE = "before/RespondActivityTaskCompleted/*"
QUICK = {
    kind: {"start_to_close": 120, "heartbeat": 8, "attempts": 3, "initial": 0.1, "maximum": 0.5}
    for kind in ("prepare", "baselines", "batch", "round", "merge")
}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevServer]:
    """A dev server in the place of the user's cluster, in a loop of its own: it must answer while commands run."""
    server = DevServer(asyncio.run(find_temporal()).path, folder=tmp_path_factory.mktemp("cluster"))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(200)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result(200)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def machine(folder: Path) -> Path:
    """Make the folder of one machine, with the code under test in it."""
    folder.mkdir()
    (folder / "declared.py").write_text(DECLARED)
    (folder / "quick.json").write_text(json.dumps(QUICK))
    return folder


def environment_of_worker(folder: Path) -> dict[str, str]:
    """Return the environment of a worker under test on that machine, once one runs."""
    for process in marked(folder):
        with contextlib.suppress(psutil.Error):  # gone meanwhile
            if process.cmdline()[-1:] == ["scenarios.broken.agents.effect_without_key"]:
                return process.environ()
    return {}


def verdicts(document: Any) -> dict[str, tuple[str, list[str]]]:
    return {each["plan"]: (each["outcome"], each["checks"]) for each in document["trials"]["verdicts"]}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """What `crashproof run` says of the scenario."""
    return crashproof("run", "declared.py", "-o", "json", cwd=machine(tmp_path_factory.mktemp("alone") / "machine"))


def test_a_campaign_on_one_machine_says_what_a_run_says(alone: Done, tmp_path: Path) -> None:
    here = machine(tmp_path / "machine")
    some = ("--only", ONE, "--id", "c", "-o", "json")
    done = crashproof("campaign", "run", "declared.py", *some, cwd=here)
    assert done.status == 1
    assert 1 < len(verdicts(done.json)) < len(verdicts(alone.json))
    assert verdicts(done.json).items() <= verdicts(alone.json).items()
    [finding] = done.json["findings"]
    assert crashproof("judge", ".crashproof/runs/latest", "-o", "json", cwd=here).json["findings"] == [finding]


def test_another_machine_goes_on_where_one_died_and_neither_shows_the_cluster_to_its_workers(
    alone: Done, cluster: DevServer, tmp_path: Path
) -> None:
    env = {"TEMPORAL_ADDRESS": cluster.address, "TEMPORAL_API_KEY": KEY, "TEMPORAL_TLS": "false"}
    first, second, user = (machine(tmp_path / name) for name in ("first", "second", "user"))
    store = tmp_path / "store"
    begin = ("campaign", "start", "declared.py", "--id", "c", "--store", str(store), "--policies", "quick.json")
    assert crashproof(*begin, "--batch", "50", cwd=user, env=env).out == "c\n"
    waiting = crashproof("campaign", "status", "c", cwd=user, env=env)
    assert "nobody works for it; start a worker: crashproof campaign worker\n" in waiting.out
    again = crashproof(*begin, cwd=user, env=env)
    assert (again.status, "a campaign 'c' is under way already; give another --id" in again.err) == (2, True)
    with begun("campaign", "worker", cwd=first, env=env) as dying:
        seen = dying.until(lambda: environment_of_worker(first))
        batches = store / "campaigns" / "c" / "charges" / "round-0"
        dying.until(lambda: any(each.is_file() for each in batches.rglob("*")))  # of a batch begun, or all of one
        dying.process.kill()
        dying.process.wait()
        assert dying.left() == []
    beside = ("campaign", "start", "declared.py", "--id", "beside", "--store", str(store), "--policies", "quick.json")
    assert crashproof(*beside, "--only", ONE, "--thin", cwd=user, env=env).status == 0
    with begun("campaign", "worker", cwd=second, env=env) as working:
        done = crashproof("campaign", "watch", "c", "-o", "json", cwd=user, env=env)
        assert (done.status, done.json["state"], done.json["done"]["outcome"]) == (1, "COMPLETED", "FAIL")
        assert crashproof("campaign", "watch", "beside", cwd=user, env=env).status == 1
        working.process.terminate()
        working.process.wait()
        assert working.left() == []
    result = crashproof("campaign", "report", "c", "-o", "json", cwd=user, env=env)
    assert (result.status, verdicts(result.json)) == (1, verdicts(alone.json))
    again = crashproof(*begin, cwd=user, env=env)
    assert (again.status, f"a campaign 'c' was made, and the store {store} has it: give another --id" in again.err) == (
        2,
        True,
    )
    other = crashproof("campaign", "report", "beside", "-o", "json", cwd=user, env=env)
    assert 0 < len(verdicts(other.json)) < len(verdicts(alone.json))
    assert verdicts(other.json).items() <= verdicts(alone.json).items()
    assert "TEMPORAL_ADDRESS" in seen
    assert KEY not in seen.values()
    assert not any(cluster.address in value for value in seen.values())


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("start", "declared.py"), 2, "a campaign needs --store URL"),
        (("start", "declared.py", "--store", "nonsense://x"), 2, "names no store"),
        (("start", "declared.py", "--store", "s", "--policies", "declared.py"), 2, "no timeouts and retries"),
        (("start", "declared.py", "--store", "s", "--namespace", "nowhere"), 3, "has no namespace 'nowhere'"),
        (("status", "nobody"), 2, "the cluster knows no campaign 'nobody'"),
        (("cancel", "nobody"), 2, "the cluster knows no campaign 'nobody'"),
        (("schedule", "declared.py", "--store", "s", "--cron", "often"), 2, "--cron 'often' is no time"),
        (("report", "nobody", "--store", "s"), 2, "the store s has no campaign 'nobody'"),
        (("run", "nothing.py"), 2, "there is no scenario file nothing.py"),
        (("worker", "--address", "127.0.0.1:1"), 3, "nothing listens there"),
        (("worker", "--namespace", "nowhere"), 3, "has no namespace 'nowhere'"),
    ],
    ids=lambda value: "-".join(value[:3:2]) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_done_is_said(
    arguments: tuple[str, ...], status: int, said: str, cluster: DevServer, tmp_path: Path
) -> None:
    here = machine(tmp_path / "machine")
    done = crashproof("campaign", *arguments, cwd=here, env={"TEMPORAL_ADDRESS": cluster.address})
    assert done.status == status
    assert said in done.err


def test_a_worker_that_does_not_come_is_told_with_the_command_that_starts_one(
    cluster: DevServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaign, "_COMES_WITHIN", 0.0)
    monkeypatch.setattr(campaign, "_LOOK_EVERY", 0.05)
    order = campaign.order_of(["x.py"], store=str(tmp_path), options=SweepOptions(), batch=1, machines=1)

    async def watched() -> str:
        client = await campaign.connected(ClusterConnection(address=cluster.address, tls=False))
        await campaign.start(client, order, campaign="lonely", task_queue="my queue")
        news: asyncio.Queue[News] = asyncio.Queue()
        watching = asyncio.create_task(campaign.watch(client, "lonely", tell=news.put_nowait))
        try:
            async with asyncio.timeout(200):
                return (await news.get()).text
        finally:
            watching.cancel()
            assert await campaign.cancel(client, "lonely") == "crashproof campaign worker --task-queue 'my queue'"

    assert asyncio.run(watched()) == (
        "nobody works for it; start a worker: crashproof campaign worker --task-queue 'my queue'"
    )


def test_what_is_over_is_not_cancelled_and_what_is_no_campaign_is_told_as_such(
    cluster: DevServer, tmp_path: Path
) -> None:
    order = campaign.order_of(["x.py"], store=str(tmp_path), options=SweepOptions(), batch=1, machines=1)

    async def asked() -> None:
        client = await campaign.connected(ClusterConnection(address=cluster.address, tls=False))
        await campaign.start(client, order, campaign="ended", task_queue="nobody's")
        await client.get_workflow_handle("ended").terminate()
        with pytest.raises(UsageError, match="the campaign 'ended' is over: TERMINATED"):
            await campaign.cancel(client, "ended")
        other = await client.start_workflow("Other", id="other", task_queue="nobody's")
        for ask in (campaign.status, campaign.cancel, campaign.store_of):
            with pytest.raises(UsageError, match="workflow 'other' is no campaign"):
                await ask(client, "other")
        await other.terminate()

    asyncio.run(asked())


def test_a_store_without_rights_ends_the_campaign_and_is_told(cluster: DevServer, tmp_path: Path) -> None:
    here, env = machine(tmp_path / "machine"), {"TEMPORAL_ADDRESS": cluster.address}
    store = here / "declared.py"  # a file is no folder that takes files
    wanted = ("campaign", "start", "declared.py", "--id", "w", "--store", str(store), "--policies", "quick.json")
    assert crashproof(*wanted, cwd=here, env=env).status == 0
    with begun("campaign", "worker", cwd=machine(tmp_path / "other"), env=env) as working:
        done = crashproof("campaign", "watch", "w", cwd=here, env=env)
        working.process.terminate()
        working.process.wait()
    assert (done.status, "campaign w: FAILED" in done.out) == (3, True)
    assert f"the store {store} does not" in done.out


def test_a_schedule_is_made_once(cluster: DevServer, tmp_path: Path) -> None:
    here, env = machine(tmp_path / "machine"), {"TEMPORAL_ADDRESS": cluster.address}
    wanted = ("campaign", "schedule", "declared.py", "--store", "s", "--cron", "0 3 * * *", "--id", "nightly")
    assert crashproof(*wanted, cwd=here, env=env).out == "nightly\n"
    again = crashproof(*wanted, cwd=here, env=env)
    assert (again.status, "there is a schedule 'nightly' already" in again.err) == (2, True)


def test_a_machine_with_other_code_is_refused_and_named_and_one_that_has_it_does_what_that_one_was_asked_for(
    alone: Done, cluster: DevServer, tmp_path: Path
) -> None:
    env = {"TEMPORAL_ADDRESS": cluster.address}
    first, other, second = (machine(tmp_path / name) for name in ("first", "other", "second"))
    store = tmp_path / "store"
    begin = ("campaign", "start", "declared.py", "--id", "d", "--store", str(store), "--policies", "quick.json")
    assert crashproof(*begin, "--only", ONE, cwd=first, env=env).status == 0
    with begun("campaign", "worker", cwd=first, env=env) as working:
        working.until(lambda: environment_of_worker(first))  # so it has read the scenarios, and the other one has not
        working.process.kill()
        working.process.wait()
    (other / "declared.py").write_text(DECLARED.replace("ChargeWithoutKey", "ChargeAnother"))
    with begun("campaign", "worker", cwd=other, env=env) as refused:
        refused.until(lambda: refused.done().err.count("has other code") > 3)  # all attempts, and again
        now = crashproof("campaign", "status", "d", cwd=first, env=env)
        assert "waits for a machine with its code: the machine crashproof-campaign@" in now.out
        with begun("campaign", "worker", cwd=second, env=env) as working:
            assert crashproof("campaign", "watch", "d", cwd=first, env=env).status == 1
            for each in (working, refused):
                each.process.terminate()
                each.process.wait()
    reported = crashproof("campaign", "report", "d", "-o", "json", cwd=first, env=env)
    assert reported.status == 1
    assert verdicts(reported.json)
    assert verdicts(reported.json).items() <= verdicts(alone.json).items()
