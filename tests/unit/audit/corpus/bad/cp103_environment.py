"""A workflow that asks its process about settings, platform and arguments."""

import os
import platform
import sys
from datetime import timedelta
from importlib.metadata import version
from os import environ, getenv

from temporalio import activity, workflow


@activity.defn
async def ask(model: str) -> str:
    return model


@workflow.defn
class ConfiguredAgent:
    @workflow.run
    async def run(self, question: str) -> str:
        model = os.environ["MODEL"]  # finding: CP103
        if "--fast" in sys.argv:  # finding: CP103
            model = environ.get("FAST_MODEL", "small")  # finding: CP103
        if getenv("REGION") == "eu":  # finding: CP103
            model += "-eu"
        if sys.platform == "darwin":  # finding: CP103
            model += f"-{platform.machine()}"  # finding: CP103
        if "STRICT" in os.environ:  # finding: CP103
            model += version("openai")  # finding: CP103
        return await workflow.execute_activity(ask, model, start_to_close_timeout=timedelta(minutes=1))
