"""Settings come as input; what the process is asked, is asked outside the workflow."""

import os
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from temporalio import activity, workflow

TASK_QUEUE = os.environ.get("TASK_QUEUE", "agents")


@dataclass
class Settings:
    model: str
    environ: dict[str, str]


def settings() -> Settings:
    return Settings(model=os.environ.get("MODEL", sys.argv[1]), environ=dict(os.environ))


@activity.defn
async def ask(model: str) -> str:
    return f"{model} {os.getpid()}"


@workflow.defn
class GivenAgent:
    @workflow.run
    async def run(self, given: Settings) -> str:
        model = given.environ.get("MODEL", given.model)
        local = workflow.now().astimezone(ZoneInfo("Europe/Vienna"))
        try:
            answer = await workflow.execute_activity(ask, model, start_to_close_timeout=timedelta(minutes=1))
        except ValueError:
            workflow.logger.exception("no answer", exc_info=sys.exc_info())
            raise
        print(f"answered {answer}", file=sys.stderr)
        return f"{answer} {local} {datetime.fromisoformat('2026-01-01').date()}"
