"""A threaded activity whose cancellation is raised by its own beat, inside `except Exception`."""

import time

from temporalio import activity


@activity.defn
def render(frames: int) -> int:
    drawn = 0
    for frame in range(frames):
        try:
            activity.heartbeat(frame)
            time.sleep(0.5)
            drawn += 1
        except Exception:  # finding: CP307
            activity.logger.exception("frame %s failed", frame)
    return drawn
