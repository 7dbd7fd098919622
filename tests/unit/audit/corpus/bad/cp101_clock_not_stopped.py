"""Reads of the clock that the sandbox lets through."""

import time
from datetime import timedelta
from email.utils import formatdate

from temporalio import activity, workflow


@activity.defn
async def send(subject: str, stamp: str) -> None: ...


@workflow.defn
class DailyDigest:
    @workflow.run
    async def run(self, subject: str) -> None:
        if time.gmtime().tm_hour < 6:  # finding: CP101
            return
        stamp = formatdate(localtime=False)  # finding: CP101
        title = f"{subject} {time.strftime('%Y-%m-%d')}"  # finding: CP101
        if time.clock_gettime(time.CLOCK_REALTIME) > 0:  # finding: CP101
            title += time.ctime()  # finding: CP101
        title += time.asctime()  # finding: CP101
        await workflow.execute_activity(
            send, args=[title, stamp], start_to_close_timeout=timedelta(seconds=10)
        )
