"""litellm that is told not to retry."""

import litellm
from temporalio import activity


@activity.defn
async def ask(question: str) -> str:
    answer = await litellm.acompletion(
        model="gpt-4o-mini", messages=[{"role": "user", "content": question}], max_retries=0
    )
    return str(answer)


@activity.defn
async def ask_again(question: str) -> str:
    answer = await litellm.acompletion(
        model="gpt-4o-mini", messages=[{"role": "user", "content": question}], num_retries=0
    )
    return str(answer)


@activity.defn
async def ask_as_told(question: str, **options) -> str:
    return str(await litellm.acompletion(model="gpt-4o-mini", messages=[], **options))
