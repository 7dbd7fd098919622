"""Times read in the time zone of the worker's machine."""

import os
import time
from datetime import date, datetime, timedelta, timezone

from temporalio import workflow


@workflow.defn
class Reminder:
    @workflow.run
    async def run(self, due: float) -> str:
        at = datetime.fromtimestamp(due)  # finding: CP103
        local = workflow.now().astimezone()  # finding: CP103
        if at.hour < local.hour:
            await workflow.sleep(timedelta(hours=1))
        midnight = time.mktime((2026, 1, 1, 0, 0, 0, 0, 0, 0))  # finding: CP103
        offset = time.localtime(due).tm_gmtoff  # finding: CP103
        day = date.fromtimestamp(due)  # finding: CP103
        text = time.ctime(due)  # finding: CP103
        naive = datetime(2026, 1, 1).timestamp()  # finding: CP103
        changed = os.stat("settings.toml").st_mtime  # finding: CP103
        return f"{at.astimezone(timezone.utc)} {midnight} {offset} {day} {naive} {changed} {text}"
