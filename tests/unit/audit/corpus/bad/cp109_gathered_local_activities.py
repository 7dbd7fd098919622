"""Local activities at once: which one ends first differs, and their markers come in that order."""

import asyncio
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def price(article: str) -> int:
    return len(article)


@workflow.defn
class Shopper:
    @workflow.run
    async def run(self, articles: list[str]) -> int:
        prices = await asyncio.gather(*[self._price(article) for article in articles])  # finding: CP109
        more = await asyncio.gather(  # finding: CP109
            workflow.execute_local_activity(price, "tea", start_to_close_timeout=timedelta(seconds=5)),
            workflow.execute_local_activity(price, "milk", start_to_close_timeout=timedelta(seconds=5)),
        )
        return sum(prices) + sum(more)

    async def _price(self, article: str) -> int:
        return await workflow.execute_local_activity(price, article, start_to_close_timeout=timedelta(seconds=5))
