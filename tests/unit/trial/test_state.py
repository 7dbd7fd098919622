"""State is compared with what it was before a trial, and put back; one trial at a time has it."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

from harness import Scenario, start
from harness.records.act_facts import StateChanged
from harness.records.evidence import Evidence
from harness.records.plan import Plan
from harness.records.tape import Entry
from harness.trial.live_tape import LiveTape
from harness.trial.state import StateLocks, kept_state, unchanged


def charge(file: Path, *orders: str) -> None:
    database = sqlite3.connect(file, isolation_level=None)
    database.execute("create table if not exists charges (ordered text)")
    for order in orders:
        database.execute("insert into charges values (?)", (order,))
    database.close()


def rows(file: Path) -> list[str]:
    database = sqlite3.connect(file)
    try:
        return [order for (order,) in database.execute("select ordered from charges")]
    finally:
        database.close()


async def test_what_was_added_and_removed_is_told_and_all_is_put_back(tmp_path: Path) -> None:
    audit, notes = tmp_path / "audit.db", tmp_path / "notes"
    charge(audit, "o-0", "o-0")
    notes.mkdir()
    (notes / "kept.txt").write_text("as it was\n")
    (notes / "changed.txt").write_text("before\n")
    tape = LiveTape()
    async with kept_state([audit, notes], locks=StateLocks(), kept=tmp_path / "own") as state:
        charge(audit, "o-1", "o-1")
        (notes / "changed.txt").write_text("after\n")
        (notes / "new").mkdir()
        (notes / "new" / "note.txt").write_text("new\n")
        await state.compare(tape)
    changes = [(entry.operation, entry.facts_as(StateChanged)) for entry in tape.entries]
    assert changes == [
        ("state", StateChanged(place="audit.db charges", change="added", row={"ordered": "o-1"})),
        ("state", StateChanged(place="audit.db charges", change="added", row={"ordered": "o-1"})),
        ("state", StateChanged(place="notes/changed.txt", change="added", row="after")),
        ("state", StateChanged(place="notes/new/note.txt", change="added", row="new")),
        ("state", StateChanged(place="notes/changed.txt", change="removed", row="before")),
    ]
    assert rows(audit) == ["o-0", "o-0"]
    assert (notes / "changed.txt").read_text() == "before\n"
    assert {file.name for file in notes.rglob("*") if file.is_file()} == {"kept.txt", "changed.txt"}
    assert not (tmp_path / "own").exists()


async def test_what_was_not_there_is_gone_again(tmp_path: Path) -> None:
    audit = tmp_path / "audit.db"
    async with kept_state([audit], locks=StateLocks(), kept=tmp_path / "own"):
        charge(audit, "o-1")
    assert not audit.exists()


async def test_one_trial_at_a_time_has_the_state_and_others_are_not_kept_waiting(tmp_path: Path) -> None:
    locks, order = StateLocks(), list[str]()
    inside = asyncio.Event()

    async def trial(name: str, path: Path, until: asyncio.Event | None = None) -> None:
        async with kept_state([path], locks=locks, kept=tmp_path / name):
            order.append(f"{name} in")
            inside.set()
            if until:
                await until.wait()
            order.append(f"{name} out")

    done = asyncio.Event()
    first = asyncio.create_task(trial("first", tmp_path / "audit.db", done))
    await inside.wait()
    second = asyncio.create_task(trial("second", tmp_path / "audit.db"))
    await trial("other", tmp_path / "else.db")
    done.set()
    await asyncio.gather(first, second)
    assert order == ["first in", "other in", "other out", "first out", "second in", "second out"]


async def test_a_state_of_the_trials_own_is_told_under_one_name_in_every_trial(tmp_path: Path) -> None:
    scenario = Scenario(worker="python worker.py", work=start("Agent"), state=str(tmp_path / "audit-${TRIAL}.db"))
    told = []
    for trial in ("trial-1", "trial-2"):
        tape, paths = LiveTape(), scenario.states_of(trial)
        assert paths == (tmp_path / f"audit-{trial}.db",)
        async with kept_state(paths, locks=StateLocks(), kept=tmp_path / trial, trial=trial) as state:
            charge(paths[0], "o-1")
            await state.compare(tape)
        told.append([entry.facts for entry in tape.entries])
    assert (
        told[0] == told[1] == [StateChanged(place="audit-${TRIAL}.db charges", change="added", row={"ordered": "o-1"})]
    )
    assert not list(tmp_path.glob("*.db"))


def undisturbed(*changes: StateChanged) -> Evidence:
    tape = tuple(Entry(at=0, kind="act", operation="state", facts=each) for each in changes)
    return Evidence(trial="t", scenario="s", plan=Plan(), end="closed", tape=tape)


def test_a_state_that_no_undisturbed_run_changes_shows_nothing() -> None:
    added = StateChanged(place="audit.db charges", change="added", row={"ordered": "o-1"})
    named = Scenario(worker="python worker.py", work=start("Agent"), state=["data/audit.db", "notes"])
    assert unchanged(named, [undisturbed(), undisturbed()]).startswith("no undisturbed run changed audit.db, notes: ")
    assert unchanged(named, [undisturbed(), undisturbed(added)]) == ""
    assert unchanged(Scenario(worker="python worker.py", work=start("Agent")), [undisturbed()]) == ""
