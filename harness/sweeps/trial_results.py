"""What the trials of one scenario came to so far: verdicts, strikes that were made, points that were not reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from harness.records.evidence import Evidence
from harness.records.plan import Plan, Strike
from harness.records.point import is_goodbye, is_heartbeat, is_of_workflow_task
from harness.records.sweep_result import SweepResult
from harness.records.verdict import Outcome, Verdict
from harness.sweeps.regrouped import DecidedPoints


@dataclass
class TrialResults:
    """Takes in one trial after the other, while a sweep runs and when its evidence is judged again.

    Attributes:
        verdicts: The verdicts, by trial.
        struck: The strikes that were made, each the last of its plan, in order.
        unreachable: Strikes at points that one trial showed and a later one did not reach again.
        regrouped: Those of them whose commands came in other workflow tasks.
        pairs: The plans of two strikes that are tried beside the points.
        lone: Those of them whose second strike was not made.
    """

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    struck: dict[Strike, None] = field(default_factory=dict)
    unreachable: dict[Strike, None] = field(default_factory=dict)
    regrouped: dict[Strike, None] = field(default_factory=dict)
    pairs: dict[Plan, None] = field(default_factory=dict)
    lone: dict[Plan, None] = field(default_factory=dict)
    _decided: DecidedPoints = field(default_factory=DecidedPoints)

    @classmethod
    def of(cls, result: SweepResult) -> TrialResults:
        """Return what the trials of an earlier sweep came to, to be replaced trial by trial where there is evidence."""
        return cls(
            verdicts={verdict.trial: verdict for verdict in result.verdicts},
            struck=dict.fromkeys(result.struck),
            unreachable=dict.fromkeys(result.unreachable),
            regrouped=dict.fromkeys(result.regrouped),
            pairs=dict.fromkeys(result.pairs),
            lone=dict.fromkeys(result.lone),
        )

    def add(self, evidence: Evidence, verdict: Verdict) -> bool:
        """Take in a trial; tell whether its verdict counts, and not only its point as one that was not reached."""
        self._decided.learn(evidence)
        if evidence.plan in self.pairs:
            return self._add_pair(evidence, verdict)
        for last in evidence.plan.strikes[-1:]:
            self.unreachable.pop(last, None)
            self.regrouped.pop(last, None)
            self.struck.pop(last, None)
            if verdict.struck:
                self.struck[last] = None
            elif did_not_come(evidence, verdict):
                self.unreachable[last] = None
                if self._decided.came_in_others(last.point, evidence):
                    self.regrouped[last] = None
                self.verdicts.pop(verdict.trial, None)
                return False
        self.verdicts[verdict.trial] = verdict
        return True

    def _add_pair(self, evidence: Evidence, verdict: Verdict) -> bool:
        self.lone.pop(evidence.plan, None)
        if did_not_come(evidence, verdict):
            self.lone[evidence.plan] = None
            self.verdicts.pop(verdict.trial, None)
            return False
        self.verdicts[verdict.trial] = verdict
        return True

    @property
    def failed(self) -> int:
        """How many trials with a strike failed: what is broken without one is known before the first."""
        return sum(1 for each in self.verdicts.values() if each.plan.strikes and each.outcome is Outcome.FAIL)


def only(result: SweepResult, *, plans: Sequence[Plan]) -> SweepResult:
    """Return what the trials of some plans came to, with what is to be said of the sweep, and nothing of the others."""
    trials, pairs = {plan.trial_id(result.scenario) for plan in plans}, set(result.pairs)
    strikes = {strike for plan in plans if plan not in pairs for strike in plan.strikes[-1:]}
    return replace(
        result,
        verdicts=tuple(verdict for verdict in result.verdicts if verdict.trial in trials),
        struck=tuple(strike for strike in result.struck if strike in strikes),
        unreachable=tuple(strike for strike in result.unreachable if strike in strikes),
        lone=tuple(plan for plan in result.lone if plan in plans),
    )


def did_not_come(evidence: Evidence, verdict: Verdict) -> bool:
    """Tell whether a trial ended well without the message that it was to strike at, as the run of things allows.

    That holds for points of a recovery, for workflow tasks (an activity and a signal that end at the same time land in
    one or in two), for a heartbeat that a clock sends, since only slow work is still under way then, and for the
    goodbye of a worker, which may come after the end of the trial. Such a point is listed as unreachable, and its trial
    counts neither as passed nor as vacuous; too many of them, goodbyes apart, cancellations that were heard of and what
    came in another workflow task, make the sweep UNKNOWN (``harness.records.sweep_result.UNREACHABLE_SHARE``).
    """
    strikes = evidence.plan.strikes
    failed = verdict.outcome is Outcome.FAIL
    if verdict.struck or not strikes or failed or evidence.end not in ("closed", "over"):
        return False
    by_chance = (is_of_workflow_task, is_heartbeat, is_goodbye)
    return len(strikes) > 1 or any(each(strikes[-1].point) for each in by_chance)
