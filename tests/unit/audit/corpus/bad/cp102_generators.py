"""Random generators that nobody seeded, made here and at import."""

import random
from datetime import timedelta

from temporalio import workflow

_dice = random.Random()  # finding: CP110


@workflow.defn
class Backoff:
    def __init__(self) -> None:
        self._jitter = random.Random()  # finding: CP102

    @workflow.run
    async def run(self, tries: int) -> float:
        for number in range(tries):
            await workflow.sleep(timedelta(seconds=2**number * _dice.random()))
        sure = random.SystemRandom().random()  # finding: CP102
        return sure + self._jitter.random()
