"""Each run makes the object that remembers; the one of the module is only read."""

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

    async def tools(self) -> list[str]:
        if self._listed is None:
            self._listed = await workflow.execute_activity(
                list_tools,
                self.name,
                start_to_close_timeout=timedelta(seconds=10),
                retry_policy=RetryPolicy(maximum_attempts=3),
            )
        return self._listed

    def title(self) -> str:
        return self.name.title()


SEARCH = Toolbox("search")


@workflow.defn
class Browse:
    @workflow.run
    async def run(self, question: str) -> list[str]:
        box = Toolbox(SEARCH.title())
        return await box.tools()
