"""A coding agent that runs the tests of a repository on the worker's event loop."""

import subprocess

from temporalio import activity


@activity.defn
async def run_tests(folder: str) -> str:
    done = subprocess.run(["pytest", "-q", folder], capture_output=True, text=True, timeout=600)  # finding: CP301
    return done.stdout[-2_000:]
