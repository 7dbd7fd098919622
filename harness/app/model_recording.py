"""Recording a script from a real provider, through a proxy on this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from harness.doors.model.recorded import Recording
from harness.doors.model.recording import RecordingProxy, upstream_at
from harness.errors import UsageError


@asynccontextmanager
async def model_recording(
    *, upstream: str, script: Path, tell: Callable[[str], None]
) -> AsyncIterator[tuple[RecordingProxy, Recording]]:
    """Yield the running proxy, and what it has recorded so far.

    Args:
        upstream: Address of the provider.
        script: The file that the script is written to, which must not be there yet.
        tell: Called with a line for each call.

    Raises:
        UsageError: The address is none, or the file cannot be written.
    """
    address = upstream_at(upstream)
    if script.exists():
        raise UsageError(f"{script} is there already: name another file with --out, or move it away")
    if script.suffix != ".py" or not script.parent.is_dir():
        raise UsageError(f"--out must be a Python file in a folder that is there, got {script}")
    recording = Recording(script, address.host)
    async with RecordingProxy(upstream=address, recording=recording, tell=tell) as proxy:
        yield proxy, recording
