"""Randomness that is the same in every replay: Temporal's own, seeded, or derived from a name."""

import random
import secrets
import uuid
from datetime import timedelta
from uuid import UUID

from temporalio import activity, workflow
from temporalio.workflow import uuid4


@activity.defn
async def draw(models: list[str]) -> str:
    return random.choice(models) + secrets.token_hex(4)


@workflow.defn
class FairAgent:
    @workflow.run
    async def run(self, models: list[str], seed: int) -> list[str]:
        dice = workflow.random()
        model = dice.choice(models)
        dice.shuffle(models)
        seeded = random.Random(seed)
        key = uuid.uuid5(uuid.NAMESPACE_DNS, model)
        again = UUID("12345678123456781234567812345678")
        await workflow.sleep(timedelta(seconds=seeded.uniform(1, 5) + workflow.random().random()))
        drawn = await workflow.execute_activity(draw, models, start_to_close_timeout=timedelta(minutes=1))
        same = secrets.compare_digest(drawn, model)
        return [model, drawn, str(key), str(again), str(uuid4()), str(workflow.uuid4()), str(same)]
