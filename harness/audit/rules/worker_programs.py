"""Worker programs: how they stop, what they let past the sandbox, and whether they have one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from astroid import nodes

from harness.audit.analysis.call_chains import frames_of, starts_of
from harness.audit.analysis.heartbeating import span
from harness.audit.analysis.remote_calls import remote_call
from harness.audit.analysis.test_code import is_test
from harness.audit.code.executed_nodes import own_nodes
from harness.audit.code.project_records import Activity, WorkerCall
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty
from harness.records.verdict import Severity

if TYPE_CHECKING:
    from harness.audit.code.project import Project

_LONG_S = 60.0
"""From this start-to-close timeout on an activity counts as long; one whose timeout cannot be told does not."""

_FOR_EVER_S = 3600.0
"""A program that sleeps for so long waits for its end."""

_UNSANDBOXED = "temporalio.worker.UnsandboxedWorkflowRunner"


def _stops_dead(project: Project) -> Iterator[AuditFinding]:
    for worker in project.workers:
        if not worker.options_known or not _runs_for_ever(worker, project):
            continue
        long = _long_activity(worker, project)
        missing = []
        given = worker.options.get("graceful_shutdown_timeout")
        none = given is not None and worker.values.get("graceful_shutdown_timeout") == 0
        if none:
            missing.append("its graceful_shutdown_timeout is zero, so activities under way are cancelled at once")
        elif given is None and (long or not worker.activities):
            missing.append("it has no graceful_shutdown_timeout, so activities under way are cancelled at once")
        if _is_program(worker, project) and not _heeds_sigterm(worker):
            missing.append("its program does not handle SIGTERM, so a deployment ends it like SIGKILL")
        if not missing or not (worker.activities or "activities" in worker.options):
            continue
        message = (
            f"This worker stops dead: {' and '.join(missing)}. What {_under_way(long)} was doing is lost and done "
            "again after its timeout. Pass graceful_shutdown_timeout, and shut the worker down on SIGTERM."
        )
        minds = long is not None and none and _minds_cancellation(long, project)
        certainty = Certainty.LIKELY if long and not minds and (none or len(missing) > 1) else Certainty.LOOK
        yield project.finding("CP502", worker.node, message, certainty=certainty)


def _minds_cancellation(activity: Activity, project: Project) -> bool:
    """Tell whether an activity catches its cancellation by name: it may be ready to end at once."""
    return any(
        "CancelledError" in caught.type.as_string()
        for frame in frames_of(activity, project=project)
        for caught in own_nodes(frame.function, nodes.ExceptHandler)
        if caught.type is not None
    )


def _under_way(long: Activity | None) -> str:
    return repr(long.name) if long else "an attempt under way"


def _long_activity(worker: WorkerCall, project: Project) -> Activity | None:
    for activity in worker.activities:
        spans = [span(started) for started in starts_of(activity, project=project)]
        asks = any(
            remote_call(call, project=project)
            for frame in frames_of(activity, project=project)
            for call in frame.calls()
        )
        if asks and max((each for each in spans if each is not None), default=0.0) >= _LONG_S:
            return activity
    return None


def _runs_for_ever(worker: WorkerCall, project: Project) -> bool:
    """Tell whether the worker runs until it is stopped, rather than for as long as one workflow of its program."""
    function = worker.made.frame()
    for one in function.nodes_of_class(nodes.With):
        if any(worker.made in project.origins_of(expression) for expression, _ in one.items):
            return any(_waits_for_ever(call, project) for part in one.body for call in part.nodes_of_class(nodes.Call))
    # Where a function returns the worker that it makes, others of its module may run it.
    returned = isinstance(worker.made.parent, nodes.Return)
    ran = [
        call.func.expr
        for call in (worker.made.root() if returned else function).nodes_of_class(nodes.Call)
        if isinstance(call.func, nodes.Attribute) and call.func.attrname == "run"
    ]
    return any(_is_of(each, worker, function, project) for each in ran)


def _is_of(run: nodes.NodeNG, worker: WorkerCall, function: nodes.LocalsDictNodeNG, project: Project) -> bool:
    """Tell whether what is run is the worker, or what the function that returns it returns."""
    origins = [run, *project.origins_of(run)]
    if any(one is worker.made for one in origins):
        return True
    calls = (one.value if isinstance(one, nodes.Await) else one for one in origins)
    return any(isinstance(one, nodes.Call) and project.definition_of(one.func) is function for one in calls)


def _waits_for_ever(call: nodes.Call, project: Project) -> bool:
    name = project.dotted_name(call.func)
    if name == "asyncio.sleep":
        seconds = project.value_of(call.args[0]) if call.args else None
        repeated = any(isinstance(each, nodes.While) for each in call.node_ancestors())
        return repeated or (isinstance(seconds, int | float) and seconds >= _FOR_EVER_S)
    return name == "asyncio.Future" or name.endswith((".create_future", ".serve_forever", "Event.wait"))


def _is_program(worker: WorkerCall, project: Project) -> bool:
    """Tell whether the module is one that is run, rather than a library whose caller minds the signals."""
    tree = worker.module.tree
    guarded = any("__name__" in one.test.as_string() for one in tree.body if isinstance(one, nodes.If))
    runs = (project.dotted_name(call.func) for call in tree.nodes_of_class(nodes.Call))
    return guarded or any(name in ("asyncio.run", "uvloop.run", "anyio.run") for name in runs)


def _heeds_sigterm(worker: WorkerCall) -> bool:
    """Tell whether the module of the program speaks of SIGTERM or of a library that handles it."""
    trees = {worker.module.tree, worker.made.root()}
    kinds = (nodes.Attribute, nodes.Name, nodes.ImportFrom, nodes.Import)
    for one in (node for tree in trees for node in tree.nodes_of_class(kinds)):
        if getattr(one, "attrname", getattr(one, "name", "")) in ("SIGTERM", "add_signal_handler"):
            return True
        if isinstance(one, nodes.Import | nodes.ImportFrom) and "uvicorn" in one.as_string():
            return True
    return False


def _unsandboxed(project: Project) -> Iterator[AuditFinding]:
    for worker in project.workers:
        if is_test(worker.module):
            continue
        runner = worker.options.get("workflow_runner")
        for one in [runner, *project.origins_of(runner)] if runner is not None else ():
            if isinstance(one, nodes.Call) and project.dotted_name(one.func) == _UNSANDBOXED:
                message = (
                    "This worker runs all its workflows without the sandbox: a look at the clock, a random number or "
                    "a global variable changed in one run is stopped by nothing, and breaks the replay of another. "
                    "Leave workflow_runner out, and pass through the modules that are pure."
                )
                yield project.finding("CP503", runner or one, message, certainty=Certainty.LOOK)
                break
    for workflow in project.workflows:
        if not workflow.sandboxed and not is_test(workflow.module):
            decorator = _defining(workflow.node)
            message = (
                f"{workflow.name!r} runs without the sandbox (sandboxed=False): what it does against determinism is "
                "stopped by nothing. Leave it out, and pass through the modules that are pure."
            )
            yield project.finding("CP503", decorator, message, certainty=Certainty.LOOK, workflow=workflow.name)


def _defining(node: nodes.ClassDef) -> Any:
    for one in node.decorators.nodes if node.decorators else ():
        if isinstance(one, nodes.Call) and any(each.arg == "sandboxed" for each in one.keywords):
            return one
    return node


RULES = (
    Rule(
        id="CP502",
        name="worker-stops-dead",
        title="A worker program ends without giving its activities time",
        why=(
            "Every deployment stops every worker. One that stops dead loses the attempts under way: the server finds "
            "out after their heartbeat or start-to-close timeout, does them again, and their effects, too."
        ),
        evidence=(
            "SDK workers install no signal handlers: SIGTERM ends asyncio.run(main()) like SIGKILL unless the program "
            "handles it. graceful_shutdown_timeout is 0 by default: activities are cancelled as soon as shutdown "
            "begins."
        ),
        fix=(
            "Pass graceful_shutdown_timeout, as long as an activity needs to end or to beat once more, and leave "
            "`async with worker` when SIGTERM comes."
        ),
        bad="await Worker(client, task_queue=queue, activities=[think]).run()",
        right=(
            "loop.add_signal_handler(signal.SIGTERM, stop.set)\nworker = Worker(\n    client, task_queue=queue, "
            "activities=[think], graceful_shutdown_timeout=timedelta(seconds=30)\n)\nasync with worker:\n    await "
            "stop.wait()"
        ),
        certainty=Certainty.LIKELY,
        severity=Severity.RISKY,
        judge=_stops_dead,
    ),
    Rule(
        id="CP503",
        name="sandbox-off",
        title="Workflow code runs without Temporal's sandbox",
        why=(
            "The sandbox gives every run its own copy of the modules and stops calls of clocks, random numbers and "
            "files. Without it globals are shared between runs, and what should fail at the first try fails at a "
            "replay, weeks later."
        ),
        evidence=(
            "Temporal's sandbox stops os.environ, time.time, datetime.now, random.random, uuid4, open, threading and "
            "sockets in workflow code; with UnsandboxedWorkflowRunner or sandboxed=False nothing is stopped."
        ),
        fix="Leave the sandbox on; import what is pure, and slow to load, under imports_passed_through().",
        bad="Worker(client, task_queue=queue, workflows=[Agent], workflow_runner=UnsandboxedWorkflowRunner())",
        right="Worker(client, task_queue=queue, workflows=[Agent])",
        certainty=Certainty.LOOK,
        severity=Severity.RISKY,
        judge=_unsandboxed,
    ),
)
