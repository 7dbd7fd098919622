"""The workflows of a campaign on a real server, with activities that only say that they are done."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio import activity
from temporalio.api.workflowservice.v1 import UpdateActivityOptionsRequest
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner, Worker

from harness.campaign import workflows
from harness.campaign.orders import (
    OTHER_CODE,
    BaselinesDone,
    Batch,
    BatchDone,
    CampaignDone,
    CampaignOrder,
    CampaignOver,
    Policy,
    Prepared,
    Progress,
    ReplayBatch,
    RoundOver,
    Work,
)
from harness.campaign.workflows import CrashproofCampaign, CrashproofScenario
from harness.servers.binaries import find_temporal
from harness.servers.dev import DevServer
from tests.waiting import until_async

QUEUE = "campaigns"
KINDS = ("prepare", "baselines", "batch", "round", "merge")
ONCE = {kind: Policy(start_to_close=600, heartbeat=120, attempts=1) for kind in KINDS}
ORDER = CampaignOrder(store="memory://none", targets=("scenarios/",), policies=ONCE, batch=10, lanes=3)
pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Machine:
    """Says of each activity that it is done.

    Attributes:
        rounds: How many plans each round of a scenario has.
        name: Its own task queue.
        scenarios: The scenarios of the campaign.
        fails: Tells which batches it fails.
        holds: Tells which batches it does not end until they are cancelled.
        deaf: Whether it ends those then as if nobody had cancelled them.
        dies: Tells with which batches it dies, as far as the server sees.
        made: How often it has made each plan: scenario, round, index.
        over: The rounds that were ended.
        histories: How many histories there are to replay.
        replayed: The batches of them that it has replayed.
        refuses: How often it refuses each of the activities of a scenario, as a machine with other code does.
        refused: How often it has.
    """

    rounds: tuple[int, ...]
    name: str = "machine-1"
    scenarios: tuple[str, ...] = ("trip",)
    fails: Callable[[Batch], bool] = lambda batch: False
    holds: Callable[[Batch], bool] = lambda batch: False
    deaf: bool = False
    dies: Callable[[Batch], bool] = lambda batch: False
    made: Counter[tuple[str, int, int]] = field(default_factory=Counter)
    over: list[RoundOver] = field(default_factory=list)
    held: list[Batch] = field(default_factory=list)
    ended: list[Batch] = field(default_factory=list)
    given_up: dict[str, str] = field(default_factory=dict)
    histories: int = 0
    replayed: list[ReplayBatch] = field(default_factory=list)
    refuses: int = 0
    refused: Counter[Work | ReplayBatch] = field(default_factory=Counter)

    def has_the_code_for(self, asked: Work | ReplayBatch) -> None:
        """Refuse it, unless that was done as often as it should be."""
        if self.refused[asked] < self.refuses:
            self.refused[asked] += 1
            raise ApplicationError("the machine has other code", type=OTHER_CODE)

    @activity.defn
    async def prepare(self, order: CampaignOrder) -> Prepared:
        return Prepared(scenarios=self.scenarios, code="c", histories=self.histories)

    @activity.defn
    async def replay(self, batch: ReplayBatch) -> None:
        self.has_the_code_for(batch)
        self.replayed.append(batch)

    @activity.defn
    async def make_baselines(self, work: Work) -> BaselinesDone:
        self.has_the_code_for(work)
        return BaselinesDone(plans=self.rounds[0], machine=self.name)

    @activity.defn
    async def try_batch(self, batch: Batch) -> BatchDone:
        self.has_the_code_for(batch)
        if self.fails(batch):
            raise ApplicationError("no server starts here")
        if self.dies(batch):
            activity.heartbeat([f"attempt {activity.info().attempt} on {self.name}", "tried one"])
            await self.not_heard_of()
        if self.holds(batch):
            self.held.append(batch)
            try:
                while True:
                    activity.heartbeat()
                    await asyncio.sleep(0.1)
            except asyncio.CancelledError:
                if not self.deaf:
                    raise
            finally:
                self.ended.append(batch)
        plans = range(batch.first, batch.first + batch.size)
        self.made.update((batch.scenario, batch.round, plan) for plan in plans)
        return BatchDone(tried=batch.size, failed=0, machine=self.name)

    async def not_heard_of(self) -> None:
        """Beat no more, and have that noticed soon: of this batch alone, so that no other one is taken for dead."""
        info, client = activity.info(), activity.client()
        work = client.get_workflow_handle(info.workflow_id or "", run_id=info.workflow_run_id)
        heard = False
        while not heard:
            pending = (await work.describe()).raw_description.pending_activities
            said = [each.heartbeat_details for each in pending if each.activity_id == info.activity_id]
            heard = f"attempt {info.attempt} on" in str(said)
        wanted = UpdateActivityOptionsRequest(namespace="default", id=info.activity_id)
        wanted.execution.workflow_id, wanted.execution.run_id = work.id, work.run_id or ""
        # The next attempt has it, too, and must be heard of before it is over.
        wanted.activity_options.heartbeat_timeout.FromSeconds(5 if info.attempt == 1 else 1)
        wanted.update_mask.paths.append("heartbeat_timeout")
        await client.workflow_service.update_activity_options(wanted)
        await activity.wait_for_cancelled()

    @activity.defn
    async def end_round(self, over: RoundOver) -> int:
        self.has_the_code_for(over)
        self.over.append(over)
        return (*self.rounds, 0)[over.round + 1]

    @activity.defn
    async def merge(self, over: CampaignOver) -> CampaignDone:
        self.given_up = over.given_up
        return CampaignDone(outcome="PASS", trials=self.made.total(), failed=0, findings=0)

    @asynccontextmanager
    async def working(self, client: Client) -> AsyncIterator[None]:
        done = [self.prepare, self.make_baselines, self.try_batch, self.end_round, self.replay, self.merge]
        runner = UnsandboxedWorkflowRunner()  # so that what a test sets in the module is seen
        both = [CrashproofCampaign, CrashproofScenario]
        often = timedelta(seconds=0.1)  # each beat is sent, so that each hears of a cancellation
        shared = Worker(
            client,
            task_queue=QUEUE,
            workflows=both,
            activities=done,
            workflow_runner=runner,
            max_heartbeat_throttle_interval=often,
        )
        own = Worker(client, task_queue=self.name, activities=done, max_heartbeat_throttle_interval=often)
        async with shared, own:
            yield


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Client]:
    binary = (await find_temporal()).path
    async with DevServer(binary, folder=tmp_path_factory.mktemp("server")) as server:
        yield await Client.connect(server.address)


async def swept(client: Client, name: str, order: CampaignOrder = ORDER) -> CampaignDone:
    return await client.execute_workflow(CrashproofCampaign.run, order, id=name, task_queue=QUEUE)


async def runs(client: Client, workflow: str) -> list[int]:
    """Return how many events each run of a workflow has, and replay them strictly: nothing may differ."""
    lengths = []
    both = [CrashproofCampaign, CrashproofScenario]
    replayer = Replayer(workflows=both, workflow_runner=UnsandboxedWorkflowRunner())
    async for each in client.list_workflows(f"WorkflowId = '{workflow}'"):
        history = await client.get_workflow_handle(each.id, run_id=each.run_id).fetch_history()
        await replayer.replay_workflow(history)
        lengths.append(len(history.events))
    return lengths


async def test_every_batch_of_every_round_is_made_once(client: Client) -> None:
    machine = Machine(rounds=(25, 11), scenarios=("trip", "tour"), histories=450)
    async with machine.working(client):
        done = await swept(client, "all-batches")
    assert sorted((each.number, each.of) for each in machine.replayed) == [(0, 3), (1, 3), (2, 3)]
    assert Counter(machine.made.values()) == {1: 2 * (25 + 11)}
    assert done.trials == 2 * (25 + 11)
    assert await runs(client, "all-batches/trip")
    assert await runs(client, "all-batches")


async def test_histories_stay_short_however_many_batches_there_are(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflows, "LONG", 100)
    machine = Machine(rounds=(600, 30), scenarios=tuple(f"trip-{number}" for number in range(2)))
    async with machine.working(client):
        await swept(client, "long")
        assert Counter(machine.made.values()) == {1: 2 * 630}
        lengths = [*await runs(client, "long/trip-0"), *await runs(client, "long/trip-1")]
    assert len(lengths) > 4
    assert max(lengths) < 100 + 50


async def test_a_batch_that_no_machine_can_make_is_given_up_with_why_and_the_others_are_made(client: Client) -> None:
    machine = Machine(rounds=(40,), fails=lambda batch: batch.number == 2)
    async with machine.working(client):
        await swept(client, "given-up")
    [over] = machine.over
    assert over.given_up == ("batch 2 of round 0: no server starts here",)
    assert 0 < len(machine.made) < 40
    assert set(machine.made.values()) == {1}


async def test_a_batch_with_which_machines_die_for_ever_is_given_up_with_the_end_of_its_log(client: Client) -> None:
    machine = Machine(rounds=(40,), dies=lambda batch: batch.number == 1)
    twice = {kind: Policy(start_to_close=600, heartbeat=120, attempts=2, initial=0.1) for kind in KINDS}
    async with machine.working(client):
        await swept(client, "deadly", replace(ORDER, policies=twice))
    [over] = machine.over
    assert over.given_up == ("batch 1 of round 0: activity Heartbeat timeout; attempt 2 on machine-1; tried one",)
    assert set(machine.made.values()) == {1}


async def test_another_machine_has_what_the_warm_one_does_not_come_for(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflows, "WARM", workflows.WARM / 20)
    machine = Machine(rounds=(40,), name="gone")
    here = Machine(rounds=(), name="here")
    done = [machine.prepare, machine.make_baselines, machine.try_batch, machine.end_round, machine.merge]
    both = [CrashproofCampaign, CrashproofScenario]
    async with Worker(
        client, task_queue=QUEUE, workflows=both, activities=done, workflow_runner=UnsandboxedWorkflowRunner()
    ):
        await swept(client, "warm")
    assert Counter(machine.made.values()) == {1: 40}
    assert not here.made


QUICKLY = replace(ORDER, policies={kind: replace(each, maximum=0.01) for kind, each in ONCE.items()})


async def test_what_a_machine_refuses_for_its_code_is_asked_for_again(client: Client) -> None:
    machine = Machine(rounds=(4, 2), refuses=1, histories=1)
    async with machine.working(client):
        await swept(client, "refused", QUICKLY)
    assert Counter(machine.made.values()) == {1: 4 + 2}
    assert machine.given_up == {}
    assert [over.given_up for over in machine.over] == [(), ()]
    assert len(machine.replayed) == 1
    assert set(machine.refused.values()) == {1}
    assert await runs(client, "refused/trip")


async def test_what_is_refused_is_given_up_once_nothing_was_done_for_long(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflows, "STANDSTILL", timedelta(seconds=-1))
    machine = Machine(rounds=(40,), refuses=1)
    async with machine.working(client):
        await swept(client, "refused-for-ever", QUICKLY)
    assert machine.given_up == {"trip": "the machine has other code"}
    assert not machine.made
    assert machine.refused.total() == 1


@pytest.mark.parametrize("deaf", [False, True])
async def test_a_campaign_that_is_cancelled_has_its_machines_end_what_they_do_and_nothing_more(
    client: Client, deaf: bool
) -> None:
    machine, name = Machine(rounds=(40,), holds=lambda batch: True, deaf=deaf), f"cancelled-{deaf}"
    async with machine.working(client):
        handle = await client.start_workflow(CrashproofCampaign.run, ORDER, id=name, task_queue=QUEUE)
        await until_async(lambda: len(machine.held) == ORDER.lanes)
        child = client.get_workflow_handle_for(CrashproofScenario.run, f"{name}/trip")
        assert await child.query(CrashproofScenario.progress) == Progress(
            scenario="trip", round=0, plans=40, tried=0, failed=0, given_up=0
        )
        await handle.cancel()
        with pytest.raises(WorkflowFailureError):
            await handle.result()
        assert len(machine.ended) == len(machine.held) == ORDER.lanes
        for each in (handle, child):
            assert (await each.describe()).status is WorkflowExecutionStatus.CANCELED
    assert await runs(client, f"{name}/trip")


async def test_a_scenario_that_cannot_be_swept_does_not_end_the_others(client: Client, tmp_path: Path) -> None:
    machine = Machine(rounds=(20,), scenarios=("trip", "tour"))

    @activity.defn(name="make_baselines")
    async def refused(work: Work) -> BaselinesDone:
        if work.scenario == "trip":
            raise ApplicationError("its worker does not start", non_retryable=True)
        return BaselinesDone(plans=20, machine=machine.name)

    done = [machine.prepare, refused, machine.try_batch, machine.end_round, machine.merge]
    both = [CrashproofCampaign, CrashproofScenario]
    shared = Worker(client, task_queue=QUEUE, workflows=both, activities=done)
    async with shared, Worker(client, task_queue=machine.name, activities=done):
        await swept(client, "one-refused")
    assert Counter(machine.made.values()) == {1: 20}
    assert {scenario for scenario, _, _ in machine.made} == {"tour"}
    assert machine.given_up == {"trip": "its worker does not start"}
