"""One object for the whole process remembers what one run asked for, and the next one does not ask."""

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy


@activity.defn
async def list_tools(box: str) -> list[str]:
    return [box]


class Toolbox:
    def __init__(self, name: str) -> None:
        self.name = name
        self._listed: list[str] | None = None
        self._used: list[str] = []

    async def tools(self) -> list[str]:
        self._note("tools")
        if self._listed is None:
            self._listed = await workflow.execute_activity(  # finding: CP201
                list_tools,
                self.name,
                start_to_close_timeout=timedelta(seconds=10),
                retry_policy=RetryPolicy(maximum_attempts=3),
            )
        return self._listed

    def _note(self, what: str) -> None:
        self._used.append(what)


SEARCH = Toolbox("search")


@workflow.defn
class Browse:
    @workflow.run
    async def run(self, question: str) -> list[str]:
        return await SEARCH.tools()
