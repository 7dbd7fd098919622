"""litellm retries by itself: twice as it comes, more often where it is told to."""

import litellm
from temporalio import activity


@activity.defn
async def ask(question: str) -> str:
    answer = await litellm.acompletion(  # finding: CP305
        model="gpt-4o-mini", messages=[{"role": "user", "content": question}]
    )
    return str(answer)


@activity.defn
async def ask_often(question: str) -> str:
    answer = await litellm.acompletion(  # finding: CP305
        model="gpt-4o-mini", messages=[{"role": "user", "content": question}], num_retries=4
    )
    return str(answer)
