"""What explorations came to: the record that their reports are written from, and what shows a finding again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from harness.records.run_record import DeclaredScenario
from harness.records.verdict import Outcome, worst


@dataclass(frozen=True, kw_only=True)
class ExploredMove:
    """One move of a path that is kept.

    Attributes:
        kind: What it is: ``complete``, ``fail``, ``timeout``, ``signal`` and so on.
        subject: What it happens to.
        detail: Which failure, which timeout.
        words: The same as a phrase.
    """

    kind: str
    subject: str = ""
    detail: str = ""
    words: str = ""


@dataclass(frozen=True, kw_only=True)
class ExploredEnd:
    """How a path that is kept ended.

    Attributes:
        close: ``completed``, ``failed``, ``cancelled``, ``stuck`` and so on.
        result: With which result or failure.
    """

    close: str
    result: str = ""


@dataclass(frozen=True, kw_only=True)
class OnServer:
    """Whether a real server shows what was explored.

    Attributes:
        server: Version of the server.
        why_not: Where it does something else, or cannot be made to do the same; empty: it shows the same.
        history: File of the server's history, as the user would type it.
    """

    server: str
    why_not: str = ""
    history: str = ""


@dataclass(frozen=True, kw_only=True)
class ExploreFinding:
    """One property that does not hold, with the smallest path that shows it.

    Attributes:
        check: Name of the property.
        scenario: Name of the scenario.
        subject: What it is about, apart from this path.
        message: What was expected and what was seen, in one sentence.
        why: Why the property matters.
        fix: How to mend it.
        steps: The path: what happens before each workflow task.
        end: How it ended.
        story: The same in words, with what the worker decided, line by line.
        compared: The story of the path that it is compared with, where it is compared.
        place: Where the code raised, ``workflows.py:12 in run``; empty where that is not known.
        history: File of the history in the evidence folder, as the user would type it.
        other: The path that it is compared with, where it is compared.
        other_end: How that one ended.
        plan: File of the plan by which a real server is asked for the path; empty where there is none.
        on_server: What a real server made of that plan; None where it was not asked.
    """

    check: str
    scenario: str
    subject: str
    message: str
    why: str
    fix: str
    steps: tuple[tuple[ExploredMove, ...], ...]
    end: ExploredEnd
    story: tuple[str, ...] = ()
    compared: tuple[str, ...] = ()
    place: str = ""
    history: str = ""
    other: tuple[tuple[ExploredMove, ...], ...] = ()
    other_end: ExploredEnd | None = None
    plan: str = ""
    on_server: OnServer | None = None

    @property
    def invented(self) -> tuple[str, ...]:
        """What on its path nobody has seen happen: failures that are made up."""
        moves = (move for step in (*self.steps, *self.other) for move in step)
        return tuple(dict.fromkeys(move.words for move in moves if move.kind == "fail"))

    @property
    def id(self) -> str:
        """Six hex digits of scenario, property and subject: the same in every exploration."""
        text = f"{self.scenario}\n{self.check}\n{self.subject}"
        return hashlib.blake2s(text.encode(errors="surrogatepass"), digest_size=3).hexdigest()


@dataclass(frozen=True, kw_only=True)
class ExploredBranch:
    """One path that was explored, for the picture of all of them.

    Attributes:
        moves: What happened before each workflow task, as a phrase.
        end: How it ended: ``completed``, ``stuck`` and so on.
    """

    moves: tuple[str, ...]
    end: str


@dataclass(frozen=True, kw_only=True)
class ExploreResult:
    """What the exploration of one scenario came to.

    Attributes:
        scenario: Name of the scenario.
        title: First line of its file.
        file: Its file.
        budgets: How often what is no plain course of things might happen.
        states: How many states were visited.
        merged: How many more were equal to one of them.
        paths: How many paths were explored to their end.
        left: How many steps were left when a limit ended it.
        limit: Which limit ended it; empty where it was explored whole.
        cold: Workflow tasks that were asked with the whole history.
        warm: Workflow tasks that were asked with what was new alone.
        executed: Activities that were executed for their result.
        seconds: How long it took.
        findings: What does not hold.
        unexplored: What could not be explored, and on how many paths.
        notes: What else a reader must know.
        reason: Why nothing could be explored; empty where it could.
        branches: All paths, where they are few enough for a picture; else none.
    """

    scenario: str
    title: str = ""
    file: str = ""
    budgets: dict[str, int] = field(default_factory=dict)
    states: int = 0
    merged: int = 0
    paths: int = 0
    left: int = 0
    limit: str = ""
    cold: int = 0
    warm: int = 0
    executed: int = 0
    seconds: float = 0.0
    findings: tuple[ExploreFinding, ...] = ()
    unexplored: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    reason: str = ""
    branches: tuple[ExploredBranch, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether everything was explored within the budgets."""
        return bool(self.paths) and not (self.limit or self.left or self.unexplored or self.reason)

    @property
    def outcome(self) -> Outcome:
        """FAIL where something does not hold; PASS only where everything was explored."""
        if self.findings:
            return Outcome.FAIL
        return Outcome.PASS if self.whole else Outcome.UNKNOWN


@dataclass(frozen=True, kw_only=True)
class Explorations:
    """What all scenarios of one command came to.

    Attributes:
        results: One for each scenario.
        folder: The evidence folder, as the user would type it.
        seconds: How long it took.
    """

    results: tuple[ExploreResult, ...]
    folder: str = ""
    seconds: float = 0.0

    @property
    def outcome(self) -> Outcome:
        """The worst outcome."""
        return worst(each.outcome for each in self.results)


@dataclass(frozen=True, kw_only=True)
class PathPlan:
    """What a real server is asked for: the path of a finding, in the file that ``crashproof run --plan`` takes.

    Attributes:
        cwd: Folder that the exploration was made in.
        declared: Where the scenario was declared.
        budgets: How often what is no plain course of things might happen.
        finding: The finding.
    """

    cwd: str
    declared: DeclaredScenario
    budgets: dict[str, int]
    finding: ExploreFinding
