"""In replay the workflow is only quiet; what it does is the same."""

from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def ask(text: str) -> str:
    return text


@workflow.defn
class QuietLogger:
    def __init__(self) -> None:
        self._answers: list[str] = []

    @workflow.run
    async def run(self, text: str) -> str:
        if not workflow.unsafe.is_replaying():
            workflow.logger.info("asked for %s", text)
            print(text)
        answer = await workflow.execute_activity(ask, text, start_to_close_timeout=timedelta(minutes=1))
        self._answers.append(answer)
        self._log(answer)
        return answer

    def _log(self, text: str) -> None:
        if workflow.unsafe.is_replaying():
            return
        with workflow.unsafe.sandbox_unrestricted():
            workflow.metric_meter().create_counter("answers").add(1)
            workflow.logger.info("answered %s", text)
