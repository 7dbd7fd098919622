"""The keeper of a process: its parent, below which it and all that it starts stay, and which kills them all.

Each process that crashproof starts has a keeper of its own. It adopts what loses its parent, so nothing that was ever
started below it can leave: a daemon in a session of its own becomes a child of the keeper. What crashproof and the
keeper tell each other over a socket, one line each::

    crashproof ◀── started PID KEEPER | refused WHY ── the kept process, before it becomes its command
               ◀── ended STATUS ─────────────── keeper: of the kept process
               ── signal NUMBER ──────────────▶ to everything below it
               ── end of file ────────────────▶ crashproof wants an end, or is gone, however it died
               ◀── end of file ──────────────── keeper: nothing that was below it lives, and it ends itself

The kept process is reaped only once its end is told, so that until then its id is given to no other.

Run by its path as ``python -I -S keeper.py SOCKET LOCALE FILE ARGV…``; a fork server calls ``keep``. It stands between
fork and exec, because Python code in the forked copy of a process with threads (those of gRPC and of the Temporal SDK)
can deadlock. It imports little, and of crashproof what lies beside it.
"""

import contextlib
import os
import select
import signal
import socket
import sys

sys.path.insert(0, os.path.dirname(__file__))
try:
    from tie import adopt_orphans, die_with_parent  # type: ignore[import-not-found]
    from tree import descendants, signal_exactly  # type: ignore[import-not-found]
finally:
    del sys.path[0]
    for name in ("tie", "tree"):  # in a fork server, a worker may have a module of that name
        sys.modules.pop(name, None)

_AGAIN = 0.02  # seconds after which to look again for what a SIGKILL has not ended yet


def keep(control: socket.socket) -> None:
    """Return in a forked copy of this process, which is the kept process; the keeper itself never returns.

    The kept process leads a session of its own, and dies with the keeper.
    """
    adopt_orphans()
    keeper = os.getpid()
    kept = os.fork()
    if not kept:
        os.setsid()
        die_with_parent(keeper)
        return
    try:
        _Keeper(control, kept).run()
    finally:
        os._exit(0)


class _Keeper:
    def __init__(self, control: socket.socket, kept: int) -> None:
        self._control = control
        self._kept = kept
        self._ended = False
        self._woken, self._waker = socket.socketpair()
        for end in (self._woken, self._waker, control):
            end.setblocking(False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        _close_all_but({control.fileno(), self._woken.fileno(), self._waker.fileno()})

    def run(self) -> None:
        """Serve until all has ended, or crashproof wants an end or is gone; then leave nobody alive."""
        while self._heeds() and self._reap():
            select.select([self._control, self._woken], [], [])
            self._sleep_on()
        self._end_all()

    def _heeds(self) -> bool:
        """Do what crashproof asks; tell whether it still wants anything."""
        try:
            received = self._control.recv(4096)
        except BlockingIOError:
            return True
        except OSError:
            return False
        for line in received.splitlines():
            self._signal(signal.Signals(int(line.split()[1])))
        return received != b""

    def _sleep_on(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._woken.recv(4096)

    def _reap(self) -> bool:
        """Reap what has ended below this process, and tell whether anything is left."""
        with contextlib.suppress(ChildProcessError):
            while seen := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                if seen.si_pid == self._kept and not self._ended:
                    self._tell_end(seen)
                os.waitpid(seen.si_pid, 0)
            return True
        return False

    def _tell_end(self, seen: os.waitid_result) -> None:
        self._ended = True
        status = seen.si_status if seen.si_code == os.CLD_EXITED else -seen.si_status
        with contextlib.suppress(OSError):  # crashproof is gone
            self._control.send(b"ended %d\n" % status)

    def _end_all(self) -> None:
        """Kill until nothing is left. To look around is dear, and needed only for what outlives the kept group."""
        if not self._ended:
            with contextlib.suppress(OSError):
                os.killpg(self._kept, signal.SIGKILL)
        woken: list[socket.socket] = [self._woken]
        while self._reap():
            if self._ended or not woken:
                self._signal(signal.SIGKILL)
            woken = select.select([self._woken], [], [], _AGAIN)[0]
            self._sleep_on()

    def _signal(self, number: signal.Signals) -> None:
        for process in descendants(os.getpid()):
            signal_exactly(process, number)


def _close_all_but(wanted: set[int]) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    after = 3
    for descriptor in sorted(wanted):
        os.closerange(after, descriptor)
        after = descriptor + 1
    os.closerange(after, os.sysconf("SC_OPEN_MAX"))


def main() -> None:
    """Fork, and become the command in the copy."""
    descriptor, locale, file, *argv = sys.argv[1:]
    control = socket.socket(fileno=int(descriptor))
    control.set_inheritable(False)
    keep(control)
    if locale == "unset":  # Python sets it for itself in the C locale; the command must not see that
        os.environ.pop("LC_CTYPE", None)
    # Python ignores these two for itself; an ignored signal would stay ignored in the command.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    control.send(b"started %d %d\n" % (os.getpid(), os.getppid()))
    try:
        os.execv(file, argv)
    except OSError as error:
        sys.stderr.write(f"crashproof: {file} cannot be run: {error.strerror}\n")
        sys.stderr.flush()
        os._exit(127)


if __name__ == "__main__":
    main()
