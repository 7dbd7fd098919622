"""``crashproof campaign``: sweeps on many machines, coordinated by a workflow on the user's own cluster."""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli import connection, engine
from harness.cli.ad_hoc import after_dashes
from harness.cli.output import FAIL_ON, FORMAT, PAIRS, REPORT_DIR, say, show, tell
from harness.cli.run import fault_words
from harness.errors import UsageError
from harness.records import store as folders
from harness.records.verdict import Severity
from harness.records.withheld import command_without_secrets

if TYPE_CHECKING:
    from harness.app.campaign import CampaignStatus
    from harness.app.run import Means, RunResult

_EPILOG = """\b
Examples:
  crashproof campaign run scenarios/    # all of it on this machine
  crashproof campaign worker --address my-cluster:7233    # on each machine
  crashproof campaign start scenarios/ --store s3://bucket/crashproof --address my-cluster:7233
  crashproof campaign start --store s3://bucket/crashproof -- \\
      --worker "python worker.py" --task-queue q --workflow MyAgent    # as for `crashproof run`
  crashproof campaign watch ID
  crashproof campaign report ID -o json
Exit status of run, watch and report: 0 pass, 1 finding that fails, 2 usage, 3 unknown or rig failure, 130 interrupted.
"""

_WORK = (
    click.argument("targets", nargs=-1, metavar="WORKER.PY|FILE|FOLDER|NAME|FILE::NAME...|-- --worker COMMAND..."),
    click.option("--faults", "faults_wanted", multiple=True, metavar="WORD[,WORD]", help="As for `crashproof run`."),
    click.option("--only", multiple=True, metavar="POINT", help="Strike only at points that match."),
    PAIRS,
    click.option("--real-time", is_flag=True, help="Let every timeout elapse in real time."),
    click.option("--id", "campaign", metavar="ID", help="Id of the campaign. [default: made up]"),
    click.option("--batch", type=click.IntRange(1), default=50, show_default=True, help="Most trials of one activity."),
    click.option(
        "--machines", type=click.IntRange(1), default=1, show_default=True, help="How many are expected to work for it."
    ),
    click.option(
        "--policies",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Timeouts and retries in JSON.",
    ),
    click.option("--explore", is_flag=True, help="Explore each scenario, too, as `crashproof explore` does."),
    click.option(
        "--shards",
        type=click.IntRange(1),
        metavar="N",
        help="Cut the exploration of each scenario into N parts, each with limits of its own; implies --explore.",
    ),
    click.option(
        "--replay",
        "histories",
        multiple=True,
        metavar="HISTORIES",
        help="Replay these histories strictly, too, in batches.",
    ),
    click.option("--workflows", multiple=True, metavar="MODULE[:CLASS]", help="Workflow code to replay strictly."),
    click.option(
        "--thin", is_flag=True, help="Keep the evidence of undisturbed trials, and of those that do not pass."
    ),
    FAIL_ON,
)
_QUEUE = click.option(
    "--task-queue", default="", metavar="NAME", help="Task queue that machines share. [default: crashproof-campaign]"
)
_STORE = click.option("--store", metavar="URL", help="Where evidence goes: a folder, s3://, gs://, az://.")
_JOBS = click.option("--jobs", type=click.IntRange(1), help="Trials at a time. [default: as many as the machine takes]")
_OUT = click.option("--out", type=click.Path(path_type=Path), default=folders.RUNS, help="Where evidence folders go.")


def _example(*commands: str) -> str:
    return "\n".join(["\b", "Example:", *(f"  crashproof campaign {command}" for command in commands)])


def _options(*wanted: Callable[..., Any]) -> Callable[..., Any]:
    def give(command: Callable[..., Any]) -> Callable[..., Any]:
        for each in reversed(wanted):
            command = each(command)
        return command

    return give


@click.group(epilog=_EPILOG)
def campaign() -> None:
    """Sweep scenarios on many machines: a workflow on your own cluster coordinates them.

    Trials run against a dev server of each machine's own; nothing is ever struck on the cluster.
    """


@campaign.command(
    epilog=_example(
        "start scenarios/ --faults all --pairs 200 --machines 8 --store s3://bucket/crashproof --id nightly",
        'start --store /shared/crashproof -- --worker "python worker.py" --workflow MyAgent',
    )
)
@_options(*_WORK, _STORE, _QUEUE, connection.options)
def start(**given: Any) -> int:
    """Start a campaign on the cluster, and print its id."""
    from harness.app import campaign as app

    if not given["store"]:
        raise UsageError("a campaign needs --store URL, a place that all its machines reach")
    order, name = app.order_of(**_asked_for(given, store=given["store"])), _id(given)

    async def started() -> None:
        await app.start(await _client(given), order, campaign=name, task_queue=given["task_queue"], tell=tell)

    asyncio.run(started())
    say(f"crashproof: watch it: crashproof campaign watch {name}", err=True)
    say(name)
    return 0


@campaign.command(epilog=_example("schedule scenarios/ --cron '0 3 * * *' --store s3://bucket/crashproof --id nightly"))
@_options(*_WORK, _STORE, _QUEUE, connection.options)
@click.option("--cron", required=True, metavar="'M H D M W'", help="When: five fields of cron, such as '0 3 * * *'.")
def schedule(cron: str, **given: Any) -> int:
    """Have the cluster start the campaign again and again, by a Temporal Schedule."""
    from harness.app import campaign as app

    if not given["store"]:
        raise UsageError("a campaign needs --store URL, a place that all its machines reach")
    order, name = app.order_of(**_asked_for(given, store=given["store"])), _id(given)

    async def scheduled() -> None:
        client = await _client(given)
        await app.schedule(client, order, name=name, cron=cron, task_queue=given["task_queue"])

    asyncio.run(scheduled())
    say(f"crashproof: end it with: temporal schedule delete --schedule-id {name}", err=True)
    say(name)
    return 0


@campaign.command(
    epilog=_example(
        "worker --address my-cluster:7233 --namespace agents", "worker --profile ci --metrics-address 0.0.0.0:9464"
    )
)
@_options(_QUEUE, _JOBS, engine.binaries(engine.to_use), connection.options)
@click.option(
    "--metrics-address",
    "metrics",
    envvar="METRICS_ADDRESS",
    show_envvar=True,
    default="",
    metavar="HOST:PORT",
    help="Serve the metrics of the worker to Prometheus there.",
)
def worker(metrics: str, **given: Any) -> int:
    """Work for campaigns on this machine, in the folder that holds the code under test, until Ctrl-C.

    Each activity that it does for one is a line of its log, with workflow id, run id and attempt.
    """
    from harness.app import campaign_worker
    from harness.cli.interrupting import interruptible
    from harness.cli.progress import ProgressDisplay

    async def working(display: ProgressDisplay) -> None:
        async with campaign_worker.work_here(
            await _client(given, metrics=metrics),
            task_queue=given["task_queue"],
            means=_means(given),
            tell=display.tell,
            log=display.line,
        ) as machine:
            display.line(f"working as {machine}; Ctrl-C ends it")
            await asyncio.Event().wait()

    with ProgressDisplay() as display:
        interruptible(working(display))
    return 0


@campaign.command(epilog=_example("run scenarios/ --explore"))
@_options(*_WORK, _STORE, _JOBS, engine.binaries(engine.to_use), _OUT, REPORT_DIR, FORMAT)
def run(form: str, **given: Any) -> int:
    """Do all of a campaign on this machine, with a dev server of its own in the place of a cluster."""
    from harness.app import campaign as app
    from harness.app import campaign_worker
    from harness.cli.interrupting import interruptible
    from harness.cli.progress import ProgressDisplay

    name = _id(given)
    store = given["store"] or str(Path(".crashproof") / "campaigns")
    order = app.order_of(**_asked_for(given, store=store))
    try:
        with ProgressDisplay(jsonl=form == "jsonl") as display:
            interruptible(campaign_worker.run_alone(order, campaign=name, means=_means(given), tell=display.tell))
    except KeyboardInterrupt:
        _reported(name, store=order.store, form=form, given=given)
        raise
    return _reported(name, store=order.store, form=form, given=given)


@campaign.command(epilog=_example("status nightly"))
@click.argument("campaign_id", metavar="ID")
@_options(connection.options, FORMAT)
def status(campaign_id: str, form: str, **given: Any) -> int:
    """Say how far a campaign is."""
    from harness.app import campaign as app

    async def asked() -> CampaignStatus:
        return await app.status(await _client(given), campaign_id)

    _show_status(asyncio.run(asked()), form=form)
    return 0


@campaign.command(epilog=_example("watch nightly --address my-cluster:7233"))
@click.argument("campaign_id", metavar="ID")
@_options(connection.options, FORMAT)
def watch(campaign_id: str, form: str, **given: Any) -> int:
    """Watch a campaign until it is over."""
    from harness.app import campaign as app
    from harness.cli.interrupting import interruptible
    from harness.cli.progress import ProgressDisplay

    async def watched(display: ProgressDisplay) -> CampaignStatus:
        client = await _client(given)
        return await app.watch(client, campaign_id, tell=display.tell)

    with ProgressDisplay(jsonl=form == "jsonl") as display:
        over = interruptible(watched(display))
    _show_status(over, form=form)
    return {"PASS": 0, "FAIL": 1}.get(over.done.outcome if over.done else "", 3)


@campaign.command(epilog=_example("cancel nightly"))
@click.argument("campaign_id", metavar="ID")
@_options(connection.options)
def cancel(campaign_id: str, **given: Any) -> int:
    """Cancel a campaign; what it has found so far can be reported."""
    from harness.app import campaign as app

    async def cancelled() -> str:
        return await app.cancel(await _client(given), campaign_id)

    waits_for = asyncio.run(cancelled())
    ends = f"nobody works for it, so it ends when a worker comes: {waits_for}" if waits_for else ""
    ends = ends or "its machines end what they do"
    say(f"crashproof: {ends}; what was found: crashproof campaign report {campaign_id}", err=True)
    return 0


@campaign.command(epilog=_example("report nightly --report-dir artifacts/ --compare .crashproof/runs/latest"))
@click.argument("campaign_id", metavar="ID")
@_options(_STORE, _OUT, REPORT_DIR, connection.options, FORMAT)
@click.option(
    "--compare", "earlier", type=click.Path(path_type=Path), metavar="RUN", help="As for `crashproof report`."
)
def report(campaign_id: str, form: str, **given: Any) -> int:
    """Fetch the evidence of a campaign, also of one that is under way, and show its report.

    With --store the cluster is not asked.
    """
    from harness.app import campaign as app

    async def asked() -> str:
        return await app.store_of(await _client(given), campaign_id)

    return _reported(campaign_id, store=given["store"] or asyncio.run(asked()), form=form, given=given)


def _reported(name: str, *, store: str, form: str, given: dict[str, Any]) -> int:
    from harness.app import campaign_report as app
    from harness.app.report import reported, write_reports
    from harness.app.run_folder import new_run_folder

    with new_run_folder(given["out"]) as folder:
        result: RunResult = asyncio.run(app.report(name, store=store, folder=folder, tell=tell))
    if given["report_dir"]:
        write_reports(folder, to=given["report_dir"])
    earlier = given.get("earlier")
    place = folders.EXPLORATIONS if given["out"] == folders.RUNS else given["out"] / folders.EXPLORATIONS.name
    return show(
        result,
        form=form,
        earlier=reported(earlier, tell=tell) if earlier else None,
        explored=app.explorations(name, store=store, out=place),
        replayed=app.replays(name, store=store),
    )


def _show_status(now: CampaignStatus, *, form: str) -> None:
    from harness.app.campaign import in_words
    from harness.report.document import encoded

    if form != "text":
        click.echo(encoded(now))
        return
    say(f"campaign {now.campaign}: {now.state}")
    if now.waits_for:
        say(f"  nobody works for it; start a worker: {now.waits_for}")
    if now.why:
        say(f"  {now.why}")
    for each in now.scenarios:
        say(f"  {each.scenario}: {in_words(each)}")
    if now.done:
        findings = f"{now.done.findings} findings" if now.done.findings != 1 else "1 finding"
        say(f"  {now.done.outcome}: {now.done.trials} trials, {now.done.failed} failed, {findings}")
        say(f"  all of it: crashproof campaign report {now.campaign}")


def _asked_for(given: dict[str, Any], *, store: str) -> dict[str, Any]:
    """Return what a campaign is asked to do, as the arguments of ``harness.app.campaign.order_of``."""
    from harness.records.options import SweepOptions

    options = SweepOptions(
        real_time=given["real_time"],
        only=given["only"],
        pairs=given["pairs"] or 0,
        workflows=given["workflows"],
        faults=fault_words(given["faults_wanted"]),
        fail_on=Severity(given["fail_on"] or Severity.BROKEN),
    )
    targets, worker = after_dashes(given["targets"])
    if not (targets or worker):
        raise UsageError("nothing to sweep: give a scenario file, folder or name, or -- --worker COMMAND (see --help)")
    return {
        "targets": targets,
        "worker": worker,
        "store": store if "://" in store else str(Path(store).absolute()),  # machines are in other folders
        "options": options,
        "batch": given["batch"],
        "machines": given["machines"],
        "thin": given["thin"],
        "histories": given["histories"],
        "shards": given["shards"] or int(given["explore"]),
        "policies": given["policies"],
        "command": ("crashproof", *command_without_secrets(sys.argv[1:])),
    }


def _id(given: dict[str, Any]) -> str:
    return given["campaign"] or f"crashproof-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{secrets.token_hex(2)}"


def _means(given: dict[str, Any]) -> Means:
    from harness.app.run import Means

    return Means(binaries=engine.binary_paths(given), jobs=given["jobs"] or 0)


async def _client(given: dict[str, Any], *, metrics: str = "") -> Any:
    from harness.app.campaign import connected

    return await connected(connection.connection_of(given), metrics=metrics)
