"""Two replays of one history that decide otherwise depend on the condition; a task that took too long says nothing."""

from __future__ import annotations

from pathlib import Path

from harness.records.replay_result import Replay
from harness.replay.compare.decisions import ConditionReplay, DecisionsFile, decision_digests
from harness.replay.compare.dependence import Dependence, dependence
from harness.temporal.command import Command, TaskDecisions


def test_blocked_task_is_no_dependence(tmp_path: Path) -> None:
    decisions_file = DecisionsFile(tmp_path / "decided")

    def replayed(decided: TaskDecisions) -> ConditionReplay:
        return ConditionReplay(
            index=0,
            condition="c",
            replay=Replay(workflow_id="w", run_id="r"),
            decisions=decision_digests([decided]),
            details=decisions_file.keep([decided]),
        )

    timer = TaskDecisions(started_event_id=3, commands=(Command(kind="StartTimer", fields={}),))
    blocked = TaskDecisions(started_event_id=3, failure="[TMPRL1101] Potential deadlock detected")
    failed = TaskDecisions(started_event_id=3, failure="no")
    assert dependence(replayed(timer), replayed(blocked)) is None
    assert dependence(replayed(timer), replayed(timer)) is None
    found = dependence(replayed(timer), replayed(failed))
    assert found == Dependence(condition="c", workflow_task=3, plain=timer.commands[0], failures=("", "no"))
