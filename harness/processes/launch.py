"""The launcher: ties a process to the life of crashproof, then becomes the command.

Run by its path as ``python -I -S launch.py PARENT LOCALE FILE ARGV…``. It stands here, between fork and exec, because
Python code in the forked copy of a process with threads (those of gRPC and of the Temporal SDK) can deadlock. It costs
about 10 ms more than a start without it.
"""

import os
import signal
import sys

sys.path.insert(0, os.path.dirname(__file__))

from tie import die_with_parent  # type: ignore[import-not-found]


def main() -> None:
    """Ask for SIGKILL when the parent dies, then become the command."""
    parent, locale, file, *argv = sys.argv[1:]
    die_with_parent(int(parent))
    if locale == "unset":  # Python sets it for itself in the C locale; the command must not see that
        os.environ.pop("LC_CTYPE", None)
    # Python ignores these two for itself; an ignored signal would stay ignored in the command.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    try:
        os.execv(file, argv)
    except OSError as error:
        sys.stderr.write(f"crashproof: {file} cannot be run: {error.strerror}\n")
        sys.stderr.flush()
        os._exit(127)


main()
