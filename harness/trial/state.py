"""State: files and folders that the scenario names, compared with what they were before the trial, and put back."""

from __future__ import annotations

import asyncio
import filecmp
import json
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from harness.errors import UsageError
from harness.records.act_facts import StateChanged
from harness.records.evidence import Evidence
from harness.records.scenario import TRIAL, Scenario
from harness.records.tape import acts
from harness.trial.live_tape import LiveTape
from harness.trial.state_rows import Rows, files_of, rows_of

_MOST_BYTES = 1 << 30


def unchanged(scenario: Scenario, baselines: Sequence[Evidence]) -> str:
    """Say that nothing can be seen in the state that a scenario names, or return an empty text.

    What is there already by its key is not written again: where an undisturbed run changes nothing, none is seen to
    lose or double it.
    """
    if not scenario.states or any(True for each in baselines for _ in acts(each.tape, "state")):
        return ""
    names = ", ".join(Path(name).name for name in scenario.states)
    return (
        f"no undisturbed run changed {names}: begin with a state in which the work is still to be done (it may be that "
        "of an earlier run), or do not name it"
    )


class StateLocks:
    """Lets one trial at a time have a file or folder, whatever scenario it belongs to."""

    def __init__(self) -> None:
        self._locks: dict[Path, asyncio.Lock] = {}

    @asynccontextmanager
    async def holding(self, paths: Sequence[Path]) -> AsyncIterator[None]:
        """Wait until all of them are free, and have them to oneself."""
        async with AsyncExitStack() as stack:
            for path in sorted(set(paths)):  # in one order, so that no two wait for each other
                await stack.enter_async_context(self._locks.setdefault(path, asyncio.Lock()))
            yield


class State:
    """The state of one trial. Every trial begins with the same: at its end all is put back as it was.

    So an agent that is right because what it wrote has a key (``insert or ignore``) does the same in each trial, and
    the user's files are after a run what they were before.

    Args:
        paths: The files and folders; they need not be there yet.
        kept: A folder of the trial's own for the copies.
        trial: Name of the trial, which is told as ``${TRIAL}`` where a path has it: the same in every trial.
    """

    def __init__(self, paths: Sequence[Path], *, kept: Path, trial: str = "") -> None:
        self._paths = paths
        self._kept = kept
        self._trial = trial
        self._before: Rows = Counter()

    async def keep(self) -> None:
        """Keep what is there now.

        Raises:
            UsageError: It is too much, or cannot be read.
        """
        self._before = await asyncio.to_thread(self._rows)
        await asyncio.to_thread(self._copy)

    async def compare(self, tape: LiveTape) -> None:
        """Put on the tape what was added and removed since then; the worker has ended.

        Raises:
            UsageError: It cannot be read.
        """
        after = await asyncio.to_thread(self._rows)
        for change, rows in (("added", after - self._before), ("removed", self._before - after)):
            for place, row in sorted(rows.elements()):
                named = place.replace(self._trial, TRIAL) if self._trial else place
                tape.note("state", facts=StateChanged(place=named, change=change, row=json.loads(row)))

    async def put_back(self) -> None:
        """Make everything what it was when it was kept."""
        await asyncio.to_thread(self._put_back)

    def _rows(self) -> Rows:
        rows: Rows = Counter()
        for path in self._paths:
            rows.update(rows_of(path))
        return rows

    def _copy(self) -> None:
        size = sum(file.stat().st_size for path in self._paths for file in files_of(path))
        if size > _MOST_BYTES:
            most = _MOST_BYTES >> 20
            raise UsageError(f"the state is {size >> 20} MiB, more than the {most} that are kept: name a part of it")
        for number, path in enumerate(self._paths):
            for file in files_of(path):
                copy = self._copy_of(file, number)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(file, copy)

    def _put_back(self) -> None:
        for number, path in enumerate(self._paths):
            for file in files_of(path):
                if not self._copy_of(file, number).is_file():
                    file.unlink()
            for copy in sorted((self._kept / str(number)).rglob("*")):
                file = path.parent / copy.relative_to(self._kept / str(number))
                if copy.is_file() and not (file.is_file() and filecmp.cmp(copy, file, shallow=False)):
                    file.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(copy, file)

    def _copy_of(self, file: Path, number: int) -> Path:
        return self._kept / str(number) / file.relative_to(self._paths[number].parent)


@asynccontextmanager
async def kept_state(paths: Sequence[Path], *, locks: StateLocks, kept: Path, trial: str = "") -> AsyncIterator[State]:
    """Have state for oneself from now on, and put it back at the end; arguments as for ``State``."""
    async with locks.holding(paths):
        state = State(paths, kept=kept, trial=trial)
        await state.keep()
        try:
            yield state
        finally:
            await asyncio.shield(state.put_back())
            shutil.rmtree(kept, ignore_errors=True)
