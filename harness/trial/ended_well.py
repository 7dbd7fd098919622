"""Whether a process that ended by itself had done all it was to do."""

from __future__ import annotations

import signal

from harness.processes.process import Process

_FINALIZING = "Python runtime state: finalizing"
_CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT)
_FATAL_LINES = 30  # that Python writes when it aborts, at most


def ended_well(process: Process, *, said_goodbye: bool = False) -> bool:
    """Tell whether a process has ended and done all it was to do.

    One that used SDK core may crash while its interpreter ends, since threads of the core outlive the Python that they
    call (sdk-python issue 300): what it was told to do is done by then. An abort says so; a memory fault says nothing.

    Args:
        process: The process.
        said_goodbye: Whether its worker had told the server that it shuts down.
    """
    if process.exit_status is None or process.exit_status > 0:
        return False
    crashed_late = said_goodbye and -process.exit_status in _CRASHES
    return process.exit_status == 0 or crashed_late or _FINALIZING in process.log_tail(_FATAL_LINES)
