"""An agent whose budget is kept in another module."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import budget  # finding: CP501
    from steps import take_step


@workflow.defn
class BudgetedAgent:
    @workflow.run
    async def run(self, query: str) -> list[str]:
        notes: list[str] = []
        while not budget.used_up(workflow.time()):
            notes.append(
                await workflow.execute_activity(take_step, query, start_to_close_timeout=timedelta(minutes=5))
            )
        return notes
