"""An activity that publishes what is left of an answer that broke off."""

import openai
from temporalio import activity


@activity.defn
async def describe(product: str) -> str:
    async with openai.AsyncOpenAI(max_retries=0, timeout=30) as client:
        answer = await client.responses.with_raw_response.create(model="gpt-4o-mini", input=f"Describe {product}.")
    try:
        return answer.parse().output_text
    except ValueError:
        activity.logger.warning("no JSON, taken as text")
        return answer.text  # finding: CP313
