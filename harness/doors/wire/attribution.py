"""Attribution: which workflow, activity and attempt a message belongs to, learned from the messages themselves."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from harness.doors.wire import decoding
from harness.doors.wire.known_runs import KnownRun, Resets, Task
from harness.records.point import NO_COMMANDS, Door, Point, Position

_COMMANDS_NAMED = 3
_GIVES_UP = ("RespondActivityTaskCanceled", "RespondActivityTaskFailed")


@dataclass(frozen=True)
class Owner:
    """Whom a message belongs to: its point's identity on one side, and the ids that a history has for it."""

    point: Point
    workflow_id: str = ""
    run_id: str = ""
    activity_id: str = ""


class Attribution:
    """Learns from poll answers and commands who is who, and gives each message its point.

    Tasks are known by their token, which poll answers hand out and every ``Respond…`` call carries.

    Args:
        begins_at_door: Whether the scenario's work is begun by a call at the door. Else what is started there, by an
            activity or a Nexus service, is work that the work leads to.
        begins_with: Workflow type that the work begins with; what else is started at the door is work that it leads
            to. Empty: any.
        by_starter: Whether a program of the user's own begins it. What a worker process starts is then led to.
        in_sequence: Whether of several executions one is under way at a time.
    """

    def __init__(
        self, *, begins_at_door: bool = True, begins_with: str = "", by_starter: bool = False, in_sequence: bool = False
    ) -> None:
        self._side_by_side = not in_sequence
        self._begins_at_door = begins_at_door
        self._begins_with = begins_with
        self._by_starter = by_starter
        self.runs: dict[str, KnownRun] = {}
        # Scheduled activities by run id and activity id, and whether another one was scheduled beside it.
        self._open: dict[tuple[str, str], bool] = {}
        # Those whose end is on its way: the next one may be scheduled before the answer to that has come.
        self._ending: set[tuple[str, str]] = set()
        self._tasks: dict[bytes, Task] = {}
        self._in_hand: dict[bytes, Task] = {}
        # By worker process the attempts that were given up last: what they had begun in a thread goes on there.
        self._given_up: defaultdict[int, dict[bytes, Task]] = defaultdict(dict)
        # Paths of workflows that are known before their first run is, by workflow id.
        self._children: dict[str, str] = {}
        self._executions: dict[str, str] = {}
        self._begun: Counter[str] = Counter()
        self._calls: Counter[Point] = Counter()
        # Calls of the worker process of now that belong to no task: a program started again begins anew.
        self._own_calls: Counter[Point] = Counter()
        self._heartbeats: Counter[tuple[str, str, int]] = Counter()
        # Calls of Nexus operations by somebody who is unknown here, and how often each task of one was handed out.
        self._elsewhere = KnownRun("", "", "", root=False)
        self._handed_out: Counter[str] = Counter()
        self.resets = Resets()
        self._prefixes: dict[str, str] = {}

    @property
    def roots(self) -> list[KnownRun]:
        """The runs of the chains that the scenario's work began, in order."""
        return [run for run in self.runs.values() if run.root]

    @property
    def executions(self) -> dict[str, KnownRun]:
        """The first known run of each execution of the scenario's work, by workflow id, in order."""
        first: dict[str, KnownRun] = {}
        for run in self.roots:
            first.setdefault(run.workflow_id, run)
        return first

    def starts(self, *, workflow: str, workflow_id: str) -> None:
        """Learn that an execution of the scenario's work is about to be started.

        The second of a workflow type is ``Type.2``: its messages are others than those of the first. A start that
        comes again with the same workflow id is the same one.
        """
        if workflow_id not in self._executions:
            self._begun[workflow] += 1
            number = self._begun[workflow]
            self._executions[workflow_id] = f"{workflow}.{number}" if number > 1 else workflow

    def names_after(self, prefix: str, path: str) -> None:
        """Learn that runs whose workflow id begins with a prefix are called by a path, the second ``PATH.2``.

        From now on what is called over HTTP may be any one's of them.
        """
        self._prefixes[prefix] = path

    def started(self, *, workflow: str, workflow_id: str, run_id: str, is_activity: bool = False) -> None:
        """Learn that the scenario's work began with this run, of a workflow or of an activity without one."""
        self.starts(workflow=workflow, workflow_id=workflow_id)
        run = self._named(workflow, workflow_id, run_id)
        run.root, run.is_activity = True, is_activity

    def starts_at_door(self, *, workflow: str, workflow_id: str, worker: int = 0) -> None:
        """Learn that a call at the door, of a worker process or of nobody's (0), is about to start a workflow.

        The news of its first workflow task may overtake the answer to the call.
        """
        wanted = self._begins_at_door and self._begins_with in ("", workflow)
        if wanted and not (self._by_starter and worker):
            self.starts(workflow=workflow, workflow_id=workflow_id)

    def started_at_door(self, *, workflow: str, workflow_id: str, run_id: str, is_activity: bool = False) -> None:
        """Learn that a call at the door started this run, of a workflow or of an activity without one."""
        run = self._named(workflow, workflow_id, run_id)
        run.root, run.is_activity = run.root or workflow_id in self._executions, is_activity

    def request(self, operation: str, request: Any) -> Owner | None:
        """Name the point of a request on its way in; None if it is ambient."""
        task = self._tasks.get(getattr(request, "task_token", b""))
        if operation == "RespondWorkflowTaskCompleted" and task:
            self._learn_commands(task.run, request.commands)
            return _owner(task, operation, self._decided(task, request))
        if decoding.is_ambient(operation):
            return None
        if task:
            if operation.startswith("RespondActivityTask"):
                self._ending.add((task.run.run_id, task.activity_id))
            if operation in _GIVES_UP:
                beside = self._open.get((task.run.run_id, task.activity_id), False)
                self._given_up[task.worker][request.task_token] = replace(task, beside=beside)
            return self._of_task(task, operation)
        return self._of_client(operation, request)

    def reply(self, operation: str, reply: Any, *, worker: int = 0) -> Owner | None:
        """Learn the tasks that a reply hands out to a worker process.

        Returns:
            The owner of a poll answer with a task, else None.
        """
        if operation == "PollWorkflowTaskQueue" and reply.task_token:
            task = self._learn_workflow_task(reply, worker)
            return None if reply.HasField("query") else _of_workflow_task(task)
        if operation == "PollActivityTaskQueue" and reply.task_token:
            return self._of_task(self._learn_activity_task(reply, worker), operation)
        if operation == "PollNexusTaskQueue" and reply.task_token:
            return self._of_task(self._learn_nexus_task(reply, worker), operation)
        if operation == "RespondWorkflowTaskCompleted":
            if reply.workflow_task.task_token:
                self._learn_workflow_task(reply.workflow_task, worker)
            for activity in reply.activity_tasks:
                self._learn_activity_task(activity, worker)
        if operation == "StartWorkflowExecution" and reply.eager_workflow_task.task_token:
            self._learn_workflow_task(reply.eager_workflow_task, worker)
        return None

    def handed_out(self, token: bytes) -> Owner:
        """Name the point of a task that a reply handed out eagerly: the one that its poll answer would be.

        Whether a task is handed out eagerly or by a poll is the server's choice, and may differ from run to run.
        """
        task = self._tasks[token]
        return self._of_task(task, "PollActivityTaskQueue") if task.activity_id else _of_workflow_task(task)

    def in_hand(self) -> set[tuple[str, str, int]]:
        """Return run id, activity id and attempt of each activity task that a worker process has heard of."""
        tasks = self._in_hand.values()
        return {(task.run.run_id, task.activity_id, task.attempt) for task in tasks if task.activity_id}

    def finished(self, token: bytes) -> None:
        """Learn that the server took the end of that token's task: it is in nobody's hands any more.

        The end of an activity may be executed after the death of the worker process that sent it, which has nothing in
        hand any more. What is scheduled next is not beside it all the same.
        """
        self._in_hand.pop(token, None)
        task = self._tasks.get(token)
        if task:
            self._open.pop((task.run.run_id, task.activity_id), None)
            self._ending.discard((task.run.run_id, task.activity_id))

    def lost(self, reply: Any) -> None:
        """Learn that a reply was never heard, nor of the tasks that it handed out; None is no reply."""
        beside = (getattr(reply, name, None) for name in ("workflow_task", "eager_workflow_task"))
        for handed_out in (reply, *beside, *getattr(reply, "activity_tasks", ())):
            self._in_hand.pop(getattr(handed_out, "task_token", b""), None)

    def worker_died(self, worker: int) -> None:
        """Learn that every task in the hands of a worker process is lost, and that the next process begins anew."""
        self._in_hand = {token: task for token, task in self._in_hand.items() if task.worker != worker}
        self._given_up.pop(worker, None)
        self._ending.clear()
        self._own_calls.clear()

    def call(self, *, door: Door, operation: str, body: Any, worker: int) -> Owner:
        """Name the point of an HTTP call, by the tasks that are in the hands of that worker process at this moment.

        Where activities run side by side, the call of one cannot be told from that of another from outside. It is then
        named by the digest of its body, which is as stable between runs as the body is, and by the number of the
        worker process in place of an attempt. That holds from the moment at which two were scheduled side by side,
        however soon one of them ends: the name must not depend on which is faster. Several executions of the work run
        side by side from their starts on.
        """
        in_hand = [task for task in self._in_hand.values() if task.worker == worker]
        activities = [task for task in in_hand if task.activity_id or task.operation_id]
        # One whose end is on its way calls nobody any more, however late the answer to that comes.
        running = [task for task in activities if (task.run.run_id, task.activity_id) not in self._ending]
        tasks = running or activities or [*self._given_up[worker].values()] or in_hand
        several = (len(self._executions) > 1 and self._side_by_side) or bool(self._prefixes)
        beside = several or any(task.beside or self._open.get((task.run.run_id, task.activity_id)) for task in tasks)
        if len(tasks) == 1 and not beside:
            owner = _owner(tasks[0], operation, {"door": door})
        else:
            digest = hashlib.blake2s(msgspec.json.encode(body), digest_size=3).hexdigest()
            paths = {task.run.path for task in tasks} if not several else set[str]()
            names: dict[str, Any] = {"workflow": paths.pop() if len(paths) == 1 else "", "subject": f"body-{digest}"}
            owner = Owner(Point(position="before", door=door, operation=operation, attempt=worker, **names))
        self._calls[owner.point] += 1
        return replace(owner, point=replace(owner.point, occurrence=self._calls[owner.point]))

    def _of_task(self, task: Task, operation: str) -> Owner:
        if operation != "RecordActivityTaskHeartbeat":
            return _owner(task, operation)
        attempt = (task.run.run_id, task.activity_id, task.attempt)
        self._heartbeats[attempt] += 1
        return _owner(task, operation, {"occurrence": self._heartbeats[attempt]})

    def _of_client(self, operation: str, request: Any) -> Owner:
        workflow_id = getattr(request, "workflow_id", "") or getattr(
            getattr(request, "workflow_execution", None), "workflow_id", ""
        )
        subject = getattr(request, "signal_name", "")
        if not subject and hasattr(request, "workflow_type"):
            subject = request.workflow_type.name
        # A start is named alike whether the workflow is known already or not: a second one may be recalled.
        starts = operation in ("StartWorkflowExecution", "SignalWithStartWorkflowExecution")
        path = "" if starts else self._path_of(workflow_id)
        point = Point(position="before", door="wire", operation=operation, workflow=path, subject=subject)
        self._own_calls[point] += 1
        return Owner(replace(point, occurrence=self._own_calls[point]), workflow_id)

    def _path_of(self, workflow_id: str) -> str:
        return next((run.path for run in self.runs.values() if run.workflow_id == workflow_id), "")

    def _learn_workflow_task(self, reply: Any, worker: int) -> Task:
        run = self._learn_run(reply)
        for activity_id in run.timed_out(reply.history.events):
            self._let_go(run, activity_id)
            self._open.pop((run.run_id, activity_id), None)
        task = Task(run, max(1, reply.attempt), previous_started=reply.previous_started_event_id, worker=worker)
        self._tasks[reply.task_token] = self._in_hand[reply.task_token] = task
        return task

    def _learn_run(self, reply: Any) -> KnownRun:
        execution = reply.workflow_execution
        return self._named(reply.workflow_type.name, execution.workflow_id, execution.run_id)

    def _named(self, workflow: str, workflow_id: str, run_id: str) -> KnownRun:
        """Return a run, with a path from now on."""
        if run_id in self.runs:
            return self.runs[run_id]
        before = [run for run in self.runs.values() if run.workflow_id == workflow_id]
        if before:
            path, root = f"{before[0].path}+{len(before)}", before[0].root
        elif workflow_id in self._children:
            path, root = self._children[workflow_id], False
        else:
            path = self._executions.get(workflow_id) or self._named_after(workflow_id) or workflow
            root = workflow_id in self._executions or not (self.runs or self._executions or self._begins_with)
        run = self.runs[run_id] = KnownRun(workflow_id, run_id, path, root)
        self.resets.began(run)
        return run

    def _named_after(self, workflow_id: str) -> str:
        path = next((path for prefix, path in self._prefixes.items() if workflow_id.startswith(prefix)), "")
        before = {run.workflow_id for run in self.runs.values() if path and run.path.startswith(path)}
        return f"{path}.{len(before) + 1}" if before else path

    def _learn_activity_task(self, reply: Any, worker: int) -> Task:
        run = self._learn_activity_run(reply)
        if reply.activity_id not in run.activities:
            _number(run, reply.activity_id, reply.activity_type.name)
        self._let_go(run, reply.activity_id, worker=worker)
        self._given_up.pop(worker, None)
        task = Task(run, max(1, reply.attempt), reply.activity_id, worker=worker)
        self._tasks[reply.task_token] = self._in_hand[reply.task_token] = task
        return task

    def _let_go(self, run: KnownRun, activity_id: str, *, worker: int = 0) -> None:
        """Learn that an attempt is over; it may go on in its process (0: any): what it does counts for what follows."""
        for token, task in list(self._in_hand.items()):
            if (task.run.run_id, task.activity_id) == (run.run_id, activity_id) and worker in (0, task.worker):
                del self._in_hand[token]

    def _learn_activity_run(self, reply: Any) -> KnownRun:
        """Return the run of the workflow that scheduled an activity; that of the activity itself where none did."""
        run_id, without = reply.workflow_execution.run_id, getattr(reply, "activity_run_id", "")
        if run_id or not without:
            return self.runs.get(run_id) or self._learn_run(reply)
        run = self._named(reply.activity_type.name, reply.activity_id, without)
        run.is_activity, run.first_task = True, run.first_task or reply
        return run

    def _learn_nexus_task(self, reply: Any, worker: int) -> Task:
        """Learn a task of a Nexus operation. The server starts one again with the id of the request before."""
        starts = reply.request.HasField("start_operation")
        asked = reply.request.start_operation if starts else reply.request.cancel_operation
        operation_id = asked.request_id if starts else f"cancel {asked.operation_token or asked.operation_id}"
        run = self._caller(asked.links) if starts else self._elsewhere
        if operation_id not in run.operations:
            name = f"{asked.service}.{asked.operation}" if starts else f"cancel-{asked.service}.{asked.operation}"
            run.executions[f"{name}[]"] += 1
            run.operations[operation_id] = (name, run.executions[f"{name}[]"])
        self._handed_out[operation_id] += 1
        task = Task(run, self._handed_out[operation_id], operation_id=operation_id, worker=worker)
        self._tasks[reply.task_token] = self._in_hand[reply.task_token] = task
        return task

    def _caller(self, links: Any) -> KnownRun:
        """Return the run that calls a Nexus operation, which the first link of the call leads to."""
        for link in links:
            steps = [unquote(step) for step in urlsplit(link.url).path.split("/")]
            for run_id in steps:
                if run_id in self.runs:
                    return self.runs[run_id]
        return self._elsewhere

    def _learn_commands(self, run: KnownRun, commands: Any) -> None:
        for command in commands:
            scheduled = command.schedule_activity_task_command_attributes
            child = command.start_child_workflow_execution_command_attributes
            if scheduled.activity_id and scheduled.activity_id not in run.activities:
                _number(run, scheduled.activity_id, scheduled.activity_type.name)
                self._open[run.run_id, scheduled.activity_id] = False
            elif child.workflow_id and child.workflow_id not in self._children:
                name = child.workflow_type.name
                run.executions[f"{name}()"] += 1
                self._children[child.workflow_id] = f"{run.path}/{name}.{run.executions[f'{name}()']}"
        if len(self._open.keys() - self._ending) > 1:
            self._open = dict.fromkeys(self._open, True)

    def _decided(self, task: Task, request: Any) -> dict[str, Any]:
        words = [_command_words(task.run, command) for command in request.commands]
        subject = "+".join(words[:_COMMANDS_NAMED]) or NO_COMMANDS
        if len(words) > _COMMANDS_NAMED:
            digest = hashlib.blake2s("+".join(words).encode(), digest_size=3).hexdigest()
            subject += f"+{len(words) - _COMMANDS_NAMED}-more-{digest}"
        occurrence = task.run.occurrence("decided", subject, distinguished_by=str(task.previous_started))
        return {"subject": subject, "occurrence": occurrence}


def at(owner: Owner | None, position: Position) -> Point | None:
    """Return the owner's point on the given side, or None where there is none."""
    return owner.point.at(position) if owner else None


def _number(run: KnownRun, activity_id: str, activity_type: str) -> None:
    run.executions[activity_type] += 1
    run.activities[activity_id] = (activity_type, run.executions[activity_type])


def _command_words(run: KnownRun, command: Any) -> str:
    name = decoding.command_name(command)
    activity_id = command.schedule_activity_task_command_attributes.activity_id
    child = command.start_child_workflow_execution_command_attributes
    if activity_id:
        activity_type, execution = run.activities[activity_id]
        return f"{name}-{activity_type}.{execution}"
    if child.workflow_id:
        return f"{name}-{child.workflow_type.name}"
    if command.start_timer_command_attributes.timer_id:
        return f"{name}-{command.start_timer_command_attributes.timer_id}"
    if command.record_marker_command_attributes.marker_name:
        return f"{name}-{command.record_marker_command_attributes.marker_name}"
    return name


def _of_workflow_task(task: Task) -> Owner:
    """Return the owner of the answer that hands out a workflow task."""
    operation = "PollWorkflowTaskQueue"
    occurrence = task.run.occurrence(operation, distinguished_by=str(task.previous_started))
    return _owner(task, operation, {"occurrence": occurrence})


def _owner(task: Task, operation: str, more: dict[str, Any] | None = None) -> Owner:
    named = task.run.operations if task.operation_id else task.run.activities
    subject, execution = named.get(task.operation_id or task.activity_id, ("", 0))
    identity: dict[str, Any] = {"door": "wire", "subject": subject, "execution": execution, **(more or {})}
    point = Point(position="before", operation=operation, workflow=task.run.path, attempt=task.attempt, **identity)
    return Owner(point, task.run.workflow_id, task.run.run_id, task.activity_id)
