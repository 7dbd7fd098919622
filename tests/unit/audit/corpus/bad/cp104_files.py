"""A workflow that reads its prompts and writes its notes itself."""

import io
import json
import os
from datetime import timedelta
from pathlib import Path

from temporalio import activity, workflow

PROMPTS = Path("prompts")


@activity.defn
async def ask(prompt: str) -> str:
    return prompt


def load(name: str) -> dict[str, str]:
    with open(f"{name}.json") as file:  # finding: CP104
        return json.load(file)


@workflow.defn
class PromptedAgent:
    @workflow.run
    async def run(self, name: str) -> str:
        settings = load(name)
        prompt = (PROMPTS / "system.txt").read_text()  # finding: CP104
        prompt += io.open("more.txt").read()  # finding: CP104
        if os.path.exists("extra.txt"):  # finding: CP104
            prompt += Path("extra.txt").read_text()  # finding: CP104
        for each in os.listdir("examples"):  # finding: CP104
            prompt += each
        answer = await workflow.execute_activity(
            ask, prompt + settings["tail"], start_to_close_timeout=timedelta(minutes=1)
        )
        Path("answers").joinpath(name).write_text(answer)  # finding: CP104
        return answer
