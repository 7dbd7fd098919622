"""Evidence: its strikes and their faults, its histories, and what is made of it once."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

from harness.records.act_facts import FaultMade
from harness.records.evidence import Evidence, History
from harness.records.plan import Plan
from harness.records.tape import Entry


def made(fault: str, *, act: str = "strike", at: float = 1.0) -> Entry:
    return Entry(at=at, kind="act", operation=act, facts=FaultMade(fault=fault, point="p"))


def evidence(*tape: Entry) -> Evidence:
    return Evidence(trial="t", scenario="s", plan=Plan(), end="closed", tape=tape)


def test_the_strikes_that_were_made_and_their_faults_each_once() -> None:
    tape = (made("kill-worker"), made("model-429", at=2.0), made("model-429", act="hit"), made("kill-worker", at=3.0))
    struck = evidence(*tape)
    assert [strike.at for strike in struck.strikes] == [1.0, 2.0, 3.0]
    assert [fault.name for fault in struck.faults] == ["kill-worker", "model-429"]


def test_the_events_of_some_types_and_the_runs_of_the_root() -> None:
    events = tuple({"eventType": f"EVENT_TYPE_{kind}"} for kind in ("TIMER_STARTED", "TIMER_FIRED", "TIMER_STARTED"))
    root = History(workflow_id="w", run_id="r", path="A", root=True, events=events)
    child = replace(root, run_id="r2", root=False)
    assert len(list(root.of_type("TIMER_STARTED"))) == 2
    assert len(list(root.of_type("TIMER_STARTED", "TIMER_FIRED"))) == 3
    assert replace(evidence(), histories=(root, child)).roots == (root,)


def test_a_view_is_made_once_for_each_evidence() -> None:
    seen: list[str] = []

    def trial(of: Evidence) -> str:
        seen.append(of.trial)
        return of.trial.upper()

    first = evidence()
    other = replace(first, trial="u")
    assert [first.view(trial), first.view(trial), other.view(trial), first.view(trial)] == ["T", "T", "U", "T"]
    assert seen == ["t", "u"]


def test_a_view_that_is_nothing_is_made_once_too() -> None:
    seen: list[Evidence] = []
    first = evidence()
    assert first.view(seen.append) is None
    assert first.view(seen.append) is None
    assert len(seen) == 1


def test_views_make_no_difference_to_the_evidence_and_go_with_it() -> None:
    class Made:
        """Something that can be watched going."""

    first = evidence()
    alive = weakref.ref(first.view(lambda of: Made()))
    assert first == evidence()
    assert "view" not in repr(first)
    del first
    gc.collect()
    assert alive() is None
