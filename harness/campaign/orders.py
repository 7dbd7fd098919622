"""What a campaign's workflows and activities are asked, and what they answer: payloads of a few hundred bytes.

All else is in the store (``harness.campaign.store``), under the names that ``harness.campaign.places`` gives. This
module is imported by workflow code, and so imports nothing of crashproof's but what is plain.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

TASK_QUEUE = "crashproof-campaign"
"""The task queue that workers of campaigns share, unless another one is named."""

OTHER_CODE = "OtherCodeError"
"""The type of the failure by which a machine refuses what needs other code than it has."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Timeouts and retries of one kind of activity, as ``retry_policy.json`` declares them; times in seconds.

    Attributes:
        start_to_close: How long one attempt may take.
        heartbeat: How long an attempt may be silent before its machine is taken for dead.
        attempts: How many attempts there are.
        initial: How long the first retry waits.
        coefficient: By what that grows from one retry to the next.
        maximum: How long a retry waits at most.
    """

    start_to_close: float
    heartbeat: float
    attempts: int
    initial: float = 1.0
    coefficient: float = 2.0
    maximum: float = 30.0


@dataclass(frozen=True, kw_only=True)
class CampaignOrder:
    """What a campaign is asked to do: the input of ``CrashproofCampaign``.

    Attributes:
        store: URL of the store that holds evidence.
        targets: Files, folders and names of scenarios, as ``crashproof run`` takes them.
        worker: The options that describe a worker, by their names, as ``run.json`` keeps them; none: the targets do.
        options: Options that trials depend on, as ``run.json`` keeps them.
        policies: Timeouts and retries, by kind of activity.
        batch: How many trials one activity makes at most.
        lanes: How many batches of one scenario are under way at a time.
        at_a_time: How many scenarios are under way at a time.
        scenarios: The names of the scenarios; empty until they have been read.
        code: Digest of the code under test; empty until it has been read.
        command: The command line that asked for it, as ``run.json`` keeps it.
        done: How many of the scenarios earlier runs of this workflow have finished.
        given_up: Why scenarios were given up, by name.
        shards: In how many parts each scenario is explored, too; 0: it is not.
    """

    store: str
    targets: tuple[str, ...]
    worker: dict[str, Any] = field(default_factory=dict)
    options: dict[str, str | bool | int | list[str]] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)
    batch: int = 20
    lanes: int = 2
    at_a_time: int = 2
    scenarios: tuple[str, ...] = ()
    code: str = ""
    command: tuple[str, ...] = ()
    done: int = 0
    given_up: dict[str, str] = field(default_factory=dict)
    shards: int = 0


@dataclass(frozen=True, kw_only=True)
class ScenarioOrder:
    """What is asked of the child workflow of one scenario: the input of ``CrashproofScenario``.

    Attributes:
        campaign: Id of the campaign.
        store: URL of the store.
        scenario: Name of the scenario.
        code: Digest of the code under test.
        policies: Timeouts and retries, by kind of activity.
        batch: How many trials one activity makes at most.
        lanes: How many batches are under way at a time.
        plans_a_lane: How many plans each of them must have.
        round: The round that is under way; -1: the undisturbed trials are not made yet.
        plans: How many plans that round has.
        asked: How many plans of that round are in batches that somebody was asked for.
        batches: How many batches those are.
        given_up: What was given up in that round, each with why.
        tried: Trials made in earlier runs of this workflow.
        failed: Those of them that failed.
        shards: In how many parts it is explored at the end; 0: it is not.
        warm: Task queue of the machine that has worked for it last, whose server and workers are warm.
    """

    campaign: str
    store: str
    scenario: str
    code: str
    policies: dict[str, Policy]
    batch: int
    lanes: int
    plans_a_lane: int = 1
    round: int = -1
    plans: int = 0
    asked: int = 0
    batches: int = 0
    given_up: tuple[str, ...] = ()
    tried: int = 0
    failed: int = 0
    shards: int = 0
    warm: str = ""

    @property
    def left(self) -> int:
        """How many plans of that round nobody has been asked for."""
        return self.plans - self.asked


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What a campaign is about, read by the first machine that was asked.

    Attributes:
        scenarios: The names of the scenarios.
        code: Digest of the code under test and of what runs it.
        histories: How many histories there are to replay.
    """

    scenarios: tuple[str, ...]
    code: str
    histories: int = 0


@dataclass(frozen=True, kw_only=True)
class ReplayBatch:
    """Which of the histories of a campaign one activity replays: each so-many-eth of them.

    Attributes:
        campaign: Id of the campaign.
        store: URL of the store.
        code: Digest of the code under test, which the machine must have.
        number: Number of the batch, from 0.
        of: How many batches there are.
    """

    campaign: str
    store: str
    code: str
    number: int
    of: int


@dataclass(frozen=True, kw_only=True)
class CampaignOver:
    """A campaign whose scenarios are done, so that what they came to can be put together.

    Attributes:
        campaign: Its id.
        store: URL of the store.
        given_up: Why scenarios were given up, by name.
    """

    campaign: str
    store: str
    given_up: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Work:
    """What each activity on a scenario is told.

    Attributes:
        campaign: Id of the campaign.
        store: URL of the store.
        scenario: Name of the scenario.
        code: Digest of the code under test, which the machine must have.
    """

    campaign: str
    store: str
    scenario: str
    code: str


@dataclass(frozen=True, kw_only=True)
class BaselinesDone:
    """What the undisturbed trials of a scenario came to; all of it is in the store.

    Attributes:
        plans: How many plans there are to try.
        machine: Task queue of the machine that made them.
    """

    plans: int
    machine: str


@dataclass(frozen=True, kw_only=True)
class ExplorationPart(Work):
    """Which part of a scenario's exploration one activity does.

    Attributes:
        number: Its number, from 0.
        of: How many parts there are.
    """

    number: int
    of: int


@dataclass(frozen=True, kw_only=True)
class Batch(Work):
    """Which trials one activity makes.

    Attributes:
        round: The round.
        number: Number of the batch in its round.
        first: Index of its first plan in its round.
        size: How many plans it has.
    """

    round: int
    number: int
    first: int
    size: int


@dataclass(frozen=True, kw_only=True)
class BatchDone:
    """What a batch came to; all of it is in the store.

    Attributes:
        tried: How many trials were made.
        failed: How many of them failed.
        machine: Task queue of the machine that made them, whose server and workers are warm now.
    """

    tried: int
    failed: int
    machine: str


@dataclass(frozen=True, kw_only=True)
class RoundOver(Work):
    """A round of a scenario whose batches are done, so that the points its recoveries showed can be tried next.

    Attributes:
        round: The round.
        batches: How many batches it had.
        given_up: What was given up in it, each with why.
    """

    round: int
    batches: int
    given_up: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a scenario is.

    Attributes:
        scenario: Its name.
        round: The round that is under way; -1: the undisturbed trials.
        plans: How many plans that round has.
        tried: Trials made so far, in all rounds.
        failed: Those of them that failed.
        given_up: Batches that were given up in the round that is under way.
        refused: What a machine said that has other code; empty, unless nothing was done since.
    """

    scenario: str
    round: int
    plans: int
    tried: int
    failed: int
    given_up: int
    refused: str = ""


@dataclass(frozen=True, kw_only=True)
class CampaignDone:
    """What a campaign came to.

    Attributes:
        outcome: PASS, UNKNOWN or FAIL.
        trials: How many trials have a verdict.
        failed: How many of them failed.
        findings: How many findings there are.
    """

    outcome: str
    trials: int
    failed: int
    findings: int
