"""An agent that gets its methods from mixins of another module."""

from datetime import timedelta

from temporalio import workflow

from .deadlines import *


@workflow.defn
class PatientAgent(DeadlineMixin, Stoppable):
    @workflow.run
    async def run(self, question: str) -> str:
        deadline = self.give_up_at(30)
        while self.stopped_at is None:
            await workflow.sleep(timedelta(minutes=1))
            if workflow.now() > deadline:
                break
        return question
