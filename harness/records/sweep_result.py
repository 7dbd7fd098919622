"""What sweeps came to: the record that reports are written from, and that ``judge`` reads again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.records.audit_result import AuditFinding
from harness.records.cut import Cut
from harness.records.plan import Plan, Strike
from harness.records.point import decides_nothing, is_goodbye, is_heard_cancellation, is_reported_failure
from harness.records.verdict import Finding, Outcome, Severity, Verdict, worst

UNREACHABLE_SHARE = 0.1
"""Largest share of a sweep's strikes that may turn out to be unreachable while its outcome is still PASS.

What happens at the same time lands in one workflow task or in two, and a recovery does not go the same way each time:
so a point that one run showed may be missing in the next without any fault of the agent. A single point never counts,
however many faults were to be made there. Where several are missing, and with them more than one strike in ten, too
much of what was to be struck was not, and the sweep says nothing of it.
"""


UNFINISHED = "the run ended before this scenario was finished"
"""Why a sweep that crashproof did not live to finish is UNKNOWN."""


@dataclass(frozen=True, kw_only=True)
class News:
    """Something that happens while a sweep, or another long task, is under way.

    Attributes:
        scenario: Name of the scenario, or of the task; empty where the text is about the whole run.
        text: What happens, where it is no verdict.
        verdict: The verdict of a trial that has just been judged.
        done: Trials judged.
        total: Trials known so far.
        waiting: Whether the text only says what is waited for.
        under_way: The trials that run now, and what the agent does in each, in words.
    """

    scenario: str = ""
    text: str = ""
    verdict: Verdict | None = None
    done: int = 0
    total: int = 0
    waiting: bool = False
    under_way: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SweepResult:
    """What a sweep of one scenario came to.

    Attributes:
        scenario: Name of the scenario.
        title: First line of its file.
        verdicts: One for each trial that was run, baselines first.
        cuts: The cuts that were to be tried, with what each stands for.
        struck: The strikes that were made, each the last of its plan.
        unreachable: Strikes at points that one run showed and a later one did not reach again.
        regrouped: Those of them whose commands came in other workflow tasks.
        pairs: The plans of two strikes that were to be tried beside the cuts; see ``harness.sweeps.pairs``.
        lone: Those of them whose second strike was not made: its point did not come any more after the first one.
        pairs_asked: How many pairs were asked for at most.
        not_applicable: Faults that cannot be made here, by name, with the reason.
        unsteady: Places that only one of the two baselines reached.
        limit: Which limit ended the sweep while points were left to try, or an empty text.
        gaps: What left the worker by no door.
        uncalled_tools: Tools that a model without a script was offered, and that no undisturbed run called.
        masked: What differed between the two baselines and is not compared.
        notes: What else a reader must know: one trial at a time, calls recalled, no replay.
        seconds: How long it took.
        reason: Why nothing could be swept, or an empty text.
        inapplicable: Why the engine cannot run the scenario, so that it counts neither way; or an empty text.
        points_only: Whether only the points were asked for.
        fail_on: How bad a finding had to be to fail.
        code: What the audit says of the worker's code that explains a finding, by the id of the finding.
    """

    scenario: str
    title: str = ""
    verdicts: tuple[Verdict, ...] = ()
    cuts: tuple[Cut, ...] = ()
    struck: tuple[Strike, ...] = ()
    unreachable: tuple[Strike, ...] = ()
    regrouped: tuple[Strike, ...] = ()
    pairs: tuple[Plan, ...] = ()
    lone: tuple[Plan, ...] = ()
    pairs_asked: int = 0
    not_applicable: Mapping[str, str] = field(default_factory=dict)
    unsteady: tuple[str, ...] = ()
    limit: str = ""
    gaps: tuple[str, ...] = ()
    uncalled_tools: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    reason: str = ""
    inapplicable: str = ""
    points_only: bool = False
    fail_on: Severity = Severity.BROKEN
    code: Mapping[str, tuple[AuditFinding, ...]] = field(default_factory=dict)

    @property
    def known(self) -> int:
        """How many points were to be struck, each with each fault; a trial that is run again knows its own alone."""
        return max(len(self.cuts) - len(self.unreachable), len(self.struck))

    @property
    def vacuous(self) -> int:
        """Trials whose strike never happened."""
        return sum(1 for verdict in self.verdicts if not verdict.struck)

    @property
    def of_cuts(self) -> tuple[Verdict, ...]:
        """The verdicts of all trials but those of pairs: each with a strike stands for the cut of its last one."""
        pairs = set(self.pairs)
        return tuple(verdict for verdict in self.verdicts if verdict.plan not in pairs)

    @property
    def untried_pairs(self) -> tuple[Plan, ...]:
        """The pairs for which no trial was run, because something ended the sweep before."""
        tried = {verdict.plan for verdict in self.verdicts} | set(self.lone)
        return tuple(pair for pair in self.pairs if pair not in tried)

    @property
    def has_lone_pairs_only(self) -> bool:
        """Whether there were pairs, and the second strike of none of them was made: they prove nothing."""
        return bool(self.pairs) and len(self.lone) == len(self.pairs)

    @property
    def untried(self) -> tuple[Strike, ...]:
        """The strikes at known points for which no trial was run, because something ended the sweep before."""
        plans = (verdict.plan for verdict in self.of_cuts)
        tried = {plan.strikes[-1] for plan in plans if plan.strikes} | {*self.struck, *self.unreachable}
        return () if self.points_only else tuple(cut.strike for cut in self.cuts if cut.strike not in tried)

    @property
    def too_many_unreachable(self) -> bool:
        """Whether so many points could not be reached again that the others do not stand for the whole.

        Workflow tasks without commands do not count, nor those whose commands came in others: which results come in one
        of their own is a matter of chance. So is whether an attempt hears of its cancellation before it is done, and
        a failure that an attempt reports once, and not again where all is as it was.
        """
        missed = [each.point for each in self.unreachable if each not in self.regrouped]
        by_chance = (is_goodbye, decides_nothing, is_heard_cancellation, is_reported_failure)
        points = [point for point in missed if not any(each(point) for each in by_chance)]
        missing = len(points)
        return len(set(points)) > 1 and missing > UNREACHABLE_SHARE * (self.known + missing)

    @property
    def outcome(self) -> Outcome:
        """The worst verdict; at best UNKNOWN where points were not tried, too many not reached, or none was there."""
        outcomes = [verdict.outcome for verdict in self.verdicts]
        nothing = not (self.known or self.points_only)
        pairs_left = self.untried_pairs or self.has_lone_pairs_only
        if self.untried or pairs_left or self.too_many_unreachable or self.reason or nothing:
            outcomes.append(Outcome.UNKNOWN)
        return worst(outcomes)

    @property
    def findings(self) -> tuple[SweepFinding, ...]:
        """The findings, each once with the smallest plan that shows it: the worst first, then the smallest plan."""
        seen = [(verdict, finding) for verdict in self.verdicts for finding in verdict.findings]
        grouped: dict[str, list[tuple[Verdict, Finding]]] = {}
        for verdict, finding in sorted(seen, key=_most_telling_first):
            grouped.setdefault(finding.id, []).append((verdict, finding))
        return tuple(
            SweepFinding(
                scenario=self.scenario,
                verdict=each[0][0],
                finding=each[0][1],
                trials=tuple(dict.fromkeys(verdict.trial for verdict, _ in each)),
            )
            for each in grouped.values()
        )


@dataclass(frozen=True, kw_only=True)
class SweepFinding:
    """One finding of a sweep, with the smallest plan that shows it.

    Attributes:
        scenario: Name of the scenario.
        verdict: The verdict of the trial with the smallest plan that shows it.
        finding: The finding as that trial shows it.
        trials: Ids of all trials that show it.
    """

    scenario: str
    verdict: Verdict
    finding: Finding
    trials: tuple[str, ...]


def _most_telling_first(shown: tuple[Verdict, Finding]) -> tuple[int, int]:
    verdict, finding = shown
    return (-finding.how_bad.rank, len(verdict.plan.strikes))


def outcome(sweeps: Sequence[SweepResult]) -> Outcome:
    """Return the worst outcome of several sweeps; of none that the engine can run UNKNOWN."""
    return worst(sweep.outcome for sweep in sweeps if not sweep.inapplicable)


def count(verdicts: Iterable[Verdict], wanted: Outcome) -> int:
    """Return how many verdicts have that outcome."""
    return sum(1 for verdict in verdicts if verdict.outcome is wanted)
