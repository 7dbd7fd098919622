"""Executions that share lists and counters through their class and through defaults."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from shared import Tallied


def collect(note: str, notes: list[str] = []) -> list[str]:
    notes.append(note)  # finding: CP202
    return notes


@workflow.defn(sandboxed=False)  # finding: CP503
class TallyingAgent(Tallied):
    @workflow.run
    async def run(self, note: str) -> list[str]:
        if self.turn() > 100:
            self.reset()
        type(self).turns += 1  # finding: CP202
        await workflow.sleep(timedelta(seconds=1))
        return collect(note)
