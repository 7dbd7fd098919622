"""An agent that rolls dice of the worker process's own."""

import os
import random
import secrets
import uuid
from datetime import timedelta
from email.utils import make_msgid
from random import choice, shuffle
from uuid import uuid4

from temporalio import activity, workflow


@activity.defn
async def ask(model: str, key: str) -> str:
    return model


@workflow.defn
class SamplingAgent:
    @workflow.run
    async def run(self, models: list[str]) -> list[str]:
        shuffle(models)  # finding: CP102
        model = choice(models)  # finding: CP102
        key = str(uuid4())  # finding: CP102
        await workflow.sleep(timedelta(seconds=random.uniform(1, 5)))  # finding: CP102
        answer = await workflow.execute_activity(
            ask, args=[model, key], start_to_close_timeout=timedelta(minutes=1)
        )
        return [answer, self._token(), make_msgid(domain="agent")]  # finding: CP102

    def _token(self) -> str:
        token = secrets.token_hex(8)  # finding: CP102
        token += os.urandom(4).hex()  # finding: CP102
        token += str(uuid.uuid1())  # finding: CP102
        return f"{token}-{uuid.getnode()}"  # finding: CP102
