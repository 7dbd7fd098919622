"""Queries that draw from the random stream of the workflow: refused, or one more draw that no replay makes."""

from temporalio import workflow


@workflow.defn
class Tokens:
    @workflow.run
    async def run(self) -> None:
        await workflow.sleep(1)

    @workflow.query
    def token(self) -> str:
        return str(workflow.uuid4())  # finding: CP204

    @workflow.query
    def number(self) -> float:
        return self._draw()

    def _draw(self) -> float:
        return workflow.random().random()  # finding: CP204
