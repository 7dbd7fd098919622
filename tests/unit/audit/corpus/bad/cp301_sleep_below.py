"""An activity that waits between two looks at a job; the wait that blocks stands two calls below it."""

from time import sleep as pause

import httpx
from temporalio import activity

POLL_EVERY_S = 2


@activity.defn
async def wait_for_answer(job: str) -> str:
    async with httpx.AsyncClient(timeout=10) as client:
        for _ in range(5):
            activity.heartbeat()
            reply = await client.get(f"https://models.example/jobs/{job}")
            if reply.json()["state"] == "done":
                return str(reply.json()["answer"])
            back_off(POLL_EVERY_S)
    return ""


def back_off(seconds: float) -> None:
    activity.logger.info("not done yet")
    pause(seconds)  # finding: CP301
