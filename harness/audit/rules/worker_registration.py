"""What a worker is made with: every activity that its workflows start, and an executor for those that need one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from astroid import nodes

from harness.audit.analysis.call_chains import activity_starts
from harness.audit.analysis.commands import workflow_code
from harness.audit.analysis.test_code import is_test
from harness.audit.code.project_records import Activity, Started, WorkerCall
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty

if TYPE_CHECKING:
    from harness.audit.code.project import Project


def _not_registered(project: Project) -> Iterator[AuditFinding]:
    workers = [each for each in project.workers if not is_test(each.module)]
    started_in = _workflows_that_start(project) if workers else {}
    for started in activity_starts(project):
        activity, workflow = started.activity, started_in.get(started.node, "")
        if activity is None or not activity.name or not workflow or _elsewhere(started):
            continue
        serving = [each for each in workers if any(one.name == workflow for one in each.workflows)]
        if not serving or not all(_is_all_known(each) for each in serving):
            continue
        beside = [each for each in workers if each not in serving and not _other_queue(each, serving)]
        if any(_registers(each, activity) for each in (*serving, *beside)):
            continue
        if all(_is_all_known(each) for each in beside):
            yield _unknown(started, activity, workflow, serving, project)


def _unknown(
    started: Started, activity: Activity, workflow: str, serving: Sequence[WorkerCall], project: Project
) -> AuditFinding:
    place = serving[0].place
    message = (
        f"{workflow!r} starts {activity.name!r}, and the worker that serves it does not have that activity"
        f" ({place.file}:{place.line}): each attempt fails with NotFoundError, and is retried like any other. Put it"
        " into activities=[…] of that worker."
    )
    return project.finding("CP504", started.node, message, certainty=Certainty.LIKELY, workflow=workflow)


def _workflows_that_start(project: Project) -> dict[nodes.Call, str]:
    """Return the workflows from which the calls that start something are reached."""
    return {
        call: reached.workflow
        for reached in workflow_code(project)
        for call in project.walk(reached, nodes.Call)
        if reached.entry is not None
    }


def _elsewhere(started: Started) -> bool:
    return not started.options_known or "task_queue" in started.options


def _is_all_known(worker: WorkerCall) -> bool:
    return worker.options_known and worker.activities_known and "plugins" not in worker.options


def _registers(worker: WorkerCall, activity: Activity) -> bool:
    return any(each.name in (activity.name, "") for each in worker.activities)


def _other_queue(worker: WorkerCall, serving: Sequence[WorkerCall]) -> bool:
    """Tell whether a worker is known to take its tasks from another queue than these."""
    queue = worker.values.get("task_queue")
    queues = {each.values.get("task_queue") for each in serving}
    return queue is not None and None not in queues and queue not in queues


def _no_executor(project: Project) -> Iterator[AuditFinding]:
    for worker in project.workers:
        if not worker.options_known or {"activity_executor", "plugins"} & worker.options.keys():
            continue
        threaded = next((each for each in worker.activities if _is_threaded(each)), None)
        if threaded is not None:
            message = (
                f"{threaded.name!r} is no async function, and this worker has no activity_executor: Worker(…) raises"
                " ValueError, and the program does not start. Pass activity_executor=ThreadPoolExecutor(…)."
            )
            yield project.finding("CP505", worker.node, message, certainty=Certainty.CERTAIN)


def _is_threaded(activity: Activity) -> bool:
    """Tell whether an activity is a plain function that no other decorator makes a coroutine of."""
    decorators = activity.node.decorators
    return not activity.is_async and len(decorators.nodes if decorators else ()) == 1


RULES = (
    Rule(
        id="CP504",
        name="activity-not-registered",
        title="A workflow starts an activity that its worker does not have",
        why=(
            "A worker takes every activity task of its queue and fails those that it does not know. The failure is "
            "retried by the activity's policy, without end by default: the workflow hangs and looks busy."
        ),
        evidence=(
            "temporalio answers with NotFoundError: 'Activity function … is not registered on this worker'. A frequent "
            "mistake when a step is added: the workflow's tests mock the activity, and pass."
        ),
        fix="Add it to activities of the worker; or name the task_queue whose worker has it.",
        bad="Worker(client, task_queue=queue, workflows=[Blog], activities=[draft])  # Blog starts publish, too",
        right="Worker(client, task_queue=queue, workflows=[Blog], activities=[draft, publish])",
        certainty=Certainty.LIKELY,
        judge=_not_registered,
    ),
    Rule(
        id="CP505",
        name="threaded-without-executor",
        title="A worker has an activity that is no coroutine, and no executor to run it in",
        why=(
            "An activity that is a plain function blocks the thread it runs in, so the worker needs threads for it. "
            "Without activity_executor the SDK refuses to make the worker."
        ),
        evidence="temporalio raises ValueError: 'Activity … is not async so an activity_executor must be present'.",
        fix="Pass activity_executor=ThreadPoolExecutor(max_workers=…), or write the activity as async def.",
        bad="Worker(client, task_queue=queue, activities=[convert])  # def convert(…)",
        right="Worker(client, task_queue=queue, activities=[convert], activity_executor=ThreadPoolExecutor(8))",
        certainty=Certainty.CERTAIN,
        judge=_no_executor,
    ),
)
