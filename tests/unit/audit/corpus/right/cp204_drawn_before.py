"""A query tells what an update drew."""

from temporalio import workflow


@workflow.defn
class Tokens:
    def __init__(self) -> None:
        self._token = ""

    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: bool(self._token))

    @workflow.update
    def renew(self) -> str:
        self._token = str(workflow.uuid4())
        return self._token

    @workflow.query
    def token(self) -> str:
        return self._token
