"""A conversation that lives in the worker process, and a plan that one activity leaves there for another."""

import openai
from temporalio import activity

PLANS: dict[str, list[str]] = {}
SAID: dict[str, list[str]] = {}


@activity.defn
async def plan(goal: str) -> str:
    PLANS[goal] = [f"first {goal}", f"then {goal} again"]
    return goal


@activity.defn
async def take_step(goal: str, number: int) -> str:
    return PLANS[goal][number]  # finding: CP310


@activity.defn
async def talk(name: str, text: str) -> str:
    before = SAID.get(name, [])
    now = [*before, text]
    async with openai.AsyncOpenAI(max_retries=0, timeout=30) as client:
        answer = await client.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": one} for one in now]
        )
    SAID[name] = [*now, answer.choices[0].message.content or ""]  # finding: CP310
    return SAID[name][-1]
