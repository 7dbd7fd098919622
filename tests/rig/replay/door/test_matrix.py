"""Histories are handed to a real worker process under every condition, and its answers compared with the recording."""

from __future__ import annotations

import contextlib
import dataclasses
import shlex
import sys
import uuid
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest
import pytest_asyncio

from harness.errors import RigError, UsageError
from harness.histories.stored_history import StoredHistory
from harness.processes.ports import free_port
from harness.records.replay_result import Replay
from harness.replay.compare.decisions import ConditionReplay, read_decisions
from harness.replay.conditions import COLD, THROUGH_DOOR, WARM
from harness.replay.door.matrix import LOSSES, replay_through_door
from harness.replay.door.standing import StandingDoorReplay
from tests.rig.replayed.asking import impatient_with_the_second_task
from tests.rig.replayed.recording import ROOT, Recorded, record
from tests.rig.replayed.secret import SECRET
from tests.rig.replayed.storing import stored

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORKER = f"{sys.executable} -m tests.rig.replayed.worker"
NAMES = {condition.name for condition in THROUGH_DOOR}
Found = dict[int, dict[str, ConditionReplay]]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return await record(tmp_path_factory.mktemp("recording"))


async def replayed(
    histories: Sequence[StoredHistory], folder: Path, *conditions: str, command: str = WORKER, **more: Any
) -> Found:
    """Replay histories cold, warm and under some more conditions; settings of the worker are in capitals."""
    env = {name: more.pop(name) for name in list(more) if name.isupper()}
    chosen = [each for each in THROUGH_DOOR if each in (WARM, COLD) or each.name in conditions]
    found: Found = defaultdict(dict)
    asked = replay_through_door(histories, command=command, cwd=ROOT, folder=folder, conditions=chosen, env=env, **more)
    async with contextlib.aclosing(asked):
        async for answered in asked:
            assert answered.condition not in found[answered.index]
            found[answered.index][answered.condition] = answered
    return found


def of(histories: Recorded, folder: Path, *names: str) -> list[StoredHistory]:
    return [stored(histories[name], folder) for name in names or histories]


def told(replay: Replay) -> list[tuple[str, str, Any, Any]]:
    return [(each.subject, each.field, each.old, each.new) for each in replay.differences]


def depends(answers: dict[str, ConditionReplay]) -> set[str]:
    """Return the conditions under which any task was answered otherwise than under the reference."""
    plain = answers[WARM.name].decisions
    return {
        name
        for name, each in answers.items()
        if any(plain[task] != digest for task, digest in each.decisions.items() if task in plain)
    }


async def test_an_unchanged_worker_decides_as_recorded_under_every_condition(
    recorded: Recorded, tmp_path: Path
) -> None:
    found = await replayed(of(recorded, tmp_path), tmp_path, *NAMES)
    assert len(found) == 5
    for index, workflow_id in enumerate(recorded):
        assert set(found[index]) == NAMES
        assert all(answered.replay.workflow_id == workflow_id for answered in found[index].values())
        if workflow_id != "counting-1":
            assert all(not answered.replay.differences for answered in found[index].values())
            assert depends(found[index]) == set()
    assert depends(found[2]) == {"cold", "warm process"}, "what the process has done before shows, and nothing else"
    order = {name: answered.replay for name, answered in found[0].items()}
    tasks = order["cold"].tasks
    assert {(replay.commands, replay.tasks, len(replay.left_out)) for replay in order.values()} == {(7, tasks, 0)}
    assert {name: replay.prefixes for name, replay in order.items() if replay.prefixes} == {"cold": tasks - 1}
    assert not any(answered.replay.failure for answers in found.values() for answered in answers.values())


async def test_changed_arguments_and_timeouts_are_found_cold_and_warm(recorded: Recorded, tmp_path: Path) -> None:
    settings = {"ORDER_TIMEOUT_S": "61", "ORDER_VERSION": "louder"}
    found = await replayed(of(recorded, tmp_path, "order-1"), tmp_path, **settings)
    expected = [("reserve", "input.0", "lamp", "LAMP"), ("reserve", "startToCloseTimeout", 60.0, 61.0)]
    assert {name: sorted(told(answered.replay)) for name, answered in found[0].items()} == {
        "cold": expected,
        "warm": expected,
    }
    assert depends(found[0]) == set()


@pytest.mark.parametrize(
    ("version", "condition"),
    [("hashed", "hash seed 1"), ("local time", "time zone east"), ("encoded", "locale")],
)
async def test_what_depends_on_the_environment_is_decided_otherwise(
    recorded: Recorded, tmp_path: Path, version: str, condition: str
) -> None:
    found = await replayed(of(recorded, tmp_path, "order-1"), tmp_path, *NAMES, ORDER_VERSION=version)
    assert depends(found[0]) == {condition}
    plain, other = found[0][WARM.name], found[0][condition]
    assert plain.details is not None
    assert other.details is not None
    (task,) = {task for task, digest in plain.decisions.items() if other.decisions.get(task, digest) != digest}
    timers = {
        command.fields["startToFireTimeout"]
        for details in (plain.details, other.details)
        for decided in read_decisions(details)
        for command in decided.commands
        if decided.started_event_id == task and command.kind == "StartTimer"
    }
    assert len(timers) == 2


async def test_a_worker_that_is_lost_over_one_history_goes_on_with_the_others(
    recorded: Recorded, tmp_path: Path
) -> None:
    histories = of(recorded, tmp_path, "greedy-1", "order-1")
    found = await replayed(histories, tmp_path, "warm process", ORDER_VERSION="exits", jobs=1)
    greedy = {name: answered.replay for name, answered in found[0].items()}
    assert greedy["warm"].lost.startswith("over the workflow task of event 8: the worker process exited with status 7")
    assert (greedy["warm"].tasks, [left.why for left in greedy["warm"].left_out]) == (1, ["not asked"])
    assert greedy["cold"].skipped
    assert greedy["warm process"].skipped
    assert {name: (answered.replay.lost, told(answered.replay)) for name, answered in found[1].items()} == {
        name: ("", []) for name in ("cold", "warm", "warm process")
    }


async def test_a_type_that_loses_every_worker_is_no_longer_handed_out(recorded: Recorded, tmp_path: Path) -> None:
    greedy = [stored(recorded["greedy-1"], tmp_path, run_id=str(uuid.uuid4())) for _ in range(LOSSES + 2)]
    histories = [*greedy, *of(recorded, tmp_path, "order-1-shipping")]
    found = await replayed(histories, tmp_path, ORDER_VERSION="exits", jobs=1)
    warm = [answers["warm"].replay for answers in found.values()]
    assert [bool(replay.lost) for replay in warm].count(True) == LOSSES
    skipped = [replay.skipped.partition(" has cost")[0] for replay in warm if replay.skipped]
    assert skipped == ["not handed out: Greedy"] * 2
    assert warm[-1].commands == 2


async def test_a_workflow_that_blocks_is_told_apart_and_others_are_judged(
    recorded: Recorded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    histories = of(recorded, tmp_path, "greedy-1", "order-1-shipping")
    found = await replayed(histories, tmp_path, ORDER_VERSION="blocks")
    blocked = found[0]["warm"].replay
    assert (blocked.blocked, blocked.nondeterminism, blocked.lost) == (True, False, "")
    assert blocked.differences == ()
    assert found[1]["warm"].replay.commands == 2

    impatient_with_the_second_task(monkeypatch)
    found = await replayed(histories, tmp_path, ORDER_VERSION="blocks", TEMPORAL_DEBUG="1")
    assert "no answer within 0.5" in found[0]["warm"].replay.lost
    assert found[1]["warm"].replay.commands == 2


async def test_an_unknown_workflow_type_is_skipped(recorded: Recorded, tmp_path: Path) -> None:
    found = await replayed(of(recorded, tmp_path, "greedy-1"), tmp_path, ORDER_GREEDY="no")
    assert all("Greedy is not registered" in answered.replay.skipped for answered in found[0].values())
    assert set(found[0]) == {"cold", "warm"}


async def test_a_local_activity_that_ran_is_told_and_no_dependence(recorded: Recorded, tmp_path: Path) -> None:
    histories = of(recorded, tmp_path, "order-1")
    found = await replayed(histories, tmp_path, "hash seed 1", ORDER_VERSION="asks twice")
    assert len(found[0]["cold"].replay.ran) == 1
    assert found[0]["hash seed 1"].replay.ran == found[0]["cold"].replay.ran
    assert found[0]["hash seed 1"].replay.nondeterminism
    assert depends(found[0]) == set()


async def test_histories_are_shared_by_two_processes(recorded: Recorded, tmp_path: Path) -> None:
    histories = [stored(recorded["order-1-shipping"], tmp_path, run_id=str(uuid.uuid4())) for _ in range(30)]
    found = await replayed(histories, tmp_path, "warm process", jobs=2, share=1)
    assert sorted(found) == list(range(30))
    assert {len(answers) for answers in found.values()} == {3}
    assert all(answered.replay.commands == 2 for answers in found.values() for answered in answers.values())
    assert (tmp_path / "worker-2.err").exists()


async def test_encrypted_payloads_are_opened_where_the_converter_is_named(tmp_path: Path) -> None:
    (tmp_path / "recording").mkdir()
    recorded = await record(tmp_path / "recording", data_converter=SECRET, ORDER_SECRET="1")
    histories = of(recorded, tmp_path, "order-1")
    settings = {"ORDER_SECRET": "1", "ORDER_VERSION": "louder"}
    found = await replayed(histories, tmp_path, **settings)
    assert told(found[0]["cold"].replay) == []
    assert found[0]["cold"].replay.unseen > 2
    assert depends(found[0]) == set()

    found = await replayed(histories, tmp_path, data_converter="tests.rig.replayed.secret:SECRET", **settings)
    assert told(found[0]["cold"].replay) == [("reserve", "input.0", "lamp", "LAMP")]
    assert found[0]["warm"].replay.unseen == 0
    with pytest.raises(UsageError, match="cannot be imported"):
        await replayed(histories, tmp_path, data_converter="tests.rig.replayed.secret:NOTHING")


async def test_a_fixed_address_and_another_task_queue_are_answered(recorded: Recorded, tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    command = f"TEMPORAL_ADDRESS={address} exec {WORKER}"
    found = await replayed(
        of(recorded, tmp_path, "order-1"),
        tmp_path,
        "hash seed 1",
        command=f"sh -c {shlex.quote(command)}",
        address=address,
        task_queue="new-orders",
        ORDER_TASK_QUEUE="new-orders",
    )
    assert {name: (told(one.replay), one.replay.commands > 5) for name, one in found[0].items()} == {
        name: ([], True) for name in ("cold", "warm", "hash seed 1")
    }


async def test_a_worker_that_does_not_start_ends_the_run_with_its_log(recorded: Recorded, tmp_path: Path) -> None:
    histories = of(recorded, tmp_path, "greedy-1", "order-1-shipping")
    with pytest.raises(RigError, match=r"exited with status 1\n(?s:.*)no key"):
        await replayed(histories, tmp_path, command=f"{sys.executable} -c \"raise SystemExit('no key')\"")
    with pytest.raises(UsageError, match="command not found"):
        await replayed(histories, tmp_path, command="no-such-worker")
    once = f"test -e {tmp_path}/once && echo gone && exit 5; touch {tmp_path}/once; exec {WORKER}"
    with pytest.raises(RigError, match=r"cannot be started again(?s:.*)status 5(?s:.*)gone"):
        await replayed(histories, tmp_path, command=f"sh -c {shlex.quote(once)}", ORDER_VERSION="exits")


async def test_a_condition_under_which_the_worker_does_not_start_is_skipped(recorded: Recorded, tmp_path: Path) -> None:
    command = f'test "$PYTHONHASHSEED" = 0 || exit 6; exec {WORKER}'
    histories = of(recorded, tmp_path, "order-1-shipping")
    found = await replayed(histories, tmp_path, "hash seed 1", command=f"sh -c {shlex.quote(command)}")
    assert "exited with status 6" in found[0]["hash seed 1"].replay.skipped
    assert found[0]["cold"].replay.commands == 2


async def test_what_cannot_be_read_is_passed_over_and_what_is_no_history_is_skipped(
    recorded: Recorded, tmp_path: Path
) -> None:
    (shipping,) = of(recorded, tmp_path, "order-1-shipping")
    cut = tmp_path / "cut.pb"
    cut.write_bytes(b"")
    histories = [dataclasses.replace(shipping, binary=None, failure="no JSON"), shipping]
    histories += [dataclasses.replace(shipping, binary=cut, run_id="another")]
    found = await replayed(histories, tmp_path)
    assert sorted(found) == [1, 2]
    assert "does not begin with WorkflowExecutionStarted" in found[2]["cold"].replay.skipped
    assert await replayed([], tmp_path) == {}


async def test_every_process_has_ended_when_the_generator_is_closed(recorded: Recorded, tmp_path: Path) -> None:
    command = f"echo $$ >> {tmp_path}/pids; exec {WORKER}"
    histories = of(recorded, tmp_path)
    asked = replay_through_door(
        histories,
        command=f"sh -c {shlex.quote(command)}",
        cwd=ROOT,
        folder=tmp_path,
        jobs=2,
        conditions=[WARM, COLD, dataclasses.replace(WARM, name="nothing")],
    )
    async with contextlib.aclosing(asked):
        await anext(asked)
    pids = [int(line) for line in (tmp_path / "pids").read_text().split()]
    assert pids
    assert not any(psutil.pid_exists(pid) for pid in pids)


async def test_report_cases_histories_of_a_sweep_are_handed_out_together_and_each_that_is_like_another_once(
    recorded: Recorded, tmp_path: Path
) -> None:
    one, other = list(recorded.values())[:2]
    async with StandingDoorReplay(WORKER, folder=tmp_path / "right") as standing:
        replays = await standing.replay([one, other, dataclasses.replace(one, run_id="r2")])
    assert [each.run_id for each in replays] == [one.run_id, other.run_id, "r2"]
    assert all(each.tasks and each.prefixes and not (each.differences or each.findings) for each in replays)
    assert len(list((tmp_path / "right").glob("round-*/worker-*.err"))) <= 4  # two rounds of two processes at most
    hashed = {"ORDER_VERSION": "hashed"}
    async with StandingDoorReplay(WORKER, folder=tmp_path / "hashed", env=hashed) as standing:
        (wrong,) = await standing.replay([recorded["order-1"]])
    assert "depends on the hash seed" in " ".join(each.message for each in wrong.findings)
    async with StandingDoorReplay(f"{sys.executable} -c pass", folder=tmp_path / "wrong") as standing:
        (skipped,) = await standing.replay([one])
    assert skipped.skipped.startswith("the worker cannot be asked through the replay door: ")
    assert not skipped.lost
