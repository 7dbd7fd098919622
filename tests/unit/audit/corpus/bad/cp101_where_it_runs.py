"""Functions that ask where they run, and read the clock of the machine in the workflow all the same."""

from datetime import datetime, timezone

from temporalio import activity, workflow


def today() -> str:
    try:
        now = workflow.now()
        return f"{now:%Y-%m-%d}"
    finally:
        print(datetime.now())  # finding: CP101


def stamp() -> str:
    if not workflow.in_workflow():
        return "nowhere"
    return datetime.now(timezone.utc).isoformat()  # finding: CP101


def other() -> str:
    return "" if activity.in_activity() else datetime.now(timezone.utc).isoformat()  # finding: CP101


def lookup(name: str):
    def clock() -> str:
        return datetime.now().isoformat()  # finding: CP101

    return clock


@workflow.defn
class Report:
    @workflow.run
    async def run(self) -> list[str]:
        return [today(), stamp(), other(), lookup("clock")()]
