"""The processes of containers, and signals to one of them: the daemon tells their numbers on its machine alone."""

from __future__ import annotations

from pathlib import Path

from tui.engine.containers import Containers
from tui.engine.endpoint import Endpoint
from tui.engine.errors import ApiError, Conflict, ExecFailed, Forbidden, NotFound, ProcessUnknown
from tui.engine.exec import Execs
from tui.model.containers import Container
from tui.model.exec_spec import ExecSpec
from tui.model.processes import WAYS, Process, ProcessTree, parse_listing, plain, processes_from

PROC = Path("/proc")

LISTING = """\
if [ -r /proc/self/status ]; then
echo PID PPID COMMAND
for d in /proc/[0-9]*; do
c=; p=
{ while IFS= read -r l; do [ "${l#PPid:}" = "$l" ] || p=${l#PPid:}; done; } 2>/dev/null <"$d/status"
{ while IFS= read -r l || [ -n "$l" ]; do c=$c$l; done; } 2>/dev/null <"$d/cmdline"
[ -z "$p" ] || echo "${d#/proc/}" $p "$c"
done
else ps -eo pid,ppid,args
fi"""
"""Lists the processes around a shell with what every shell has built in: many images have no ps."""


class ContainerProcesses:
    """The processes of one daemon's containers. Each method raises EngineError as errors.py says."""

    def __init__(self, endpoint: Endpoint, containers: Containers, execs: Execs, proc: Path = PROC) -> None:
        self._endpoint = endpoint
        self._containers = containers
        self._execs = execs
        self.proc = proc
        """Where this machine's process file system is."""
        self._way = 0

    async def of(self, container: str) -> list[Process]:
        """Return what runs in a container, as much of it as the ps of the daemon's machine tells.

        Raises:
            Conflict: it does not run.
        """
        for way in range(self._way, len(WAYS)):
            try:
                answer = await self._containers.top(container, WAYS[way])
            except (Conflict, Forbidden, NotFound):
                raise
            except ApiError:
                if way + 1 == len(WAYS):
                    raise
                continue
            self._way = way
            return processes_from(answer)
        raise AssertionError("there is always a last way")

    async def inside(self, container: Container, process: Process, shell: str) -> int:
        """Return the number that a process has in its container.

        The kernel tells it where the daemon is this machine's; else the process is looked for among those that a
        shell inside sees, and it is the one only if no other has the same command and the same parents.

        Raises:
            ProcessUnknown: it has ended, or which one it is can't be told; says why.
        """
        if self._endpoint.socket_path is not None:
            number = number_inside(self.proc, container.id, container.pid, process)
            if number is not None:
                return number
        around = ProcessTree(await self.of(container.id))
        if process.pid not in around.by_pid or around.by_pid[process.pid].command != process.command:
            raise ProcessUnknown("it has ended meanwhile")
        lineage = around.lineage(process.pid)
        generations = 1 if process.parent is None else None  # there are ps that tell no parents
        listed = await self._execs.run(container.id, ExecSpec((shell, "-c", LISTING), user="0"))
        seen = ProcessTree(parse_listing(listed.stdout.decode("utf-8", "replace"))).alike(lineage, generations)
        like_it = len(around.alike(lineage, generations))
        if len(seen) != 1 or like_it != 1:
            count = max(len(seen), like_it)
            raise ProcessUnknown(
                f"{count} processes in it have the same command and parents: the daemon does not tell their numbers "
                "inside, so that one can't be told from another"
                if seen
                else "none of the processes that a shell inside sees has its command and parents"
            )
        return seen[0]

    async def signal(self, container: str, shell: str, number: int, signal: str) -> None:
        """Send a process a signal, with the container's own shell; `number` is the one inside.

        Raises:
            ExecFailed: the shell could not; in its words.
        """
        word = signal.removeprefix("SIG")
        done = await self._execs.run(container, ExecSpec((shell, "-c", f"kill -{word} {number}"), user="0"))
        if done.exit_code != 0:
            words = (done.stderr or done.stdout).decode("utf-8", "replace").strip()
            raise ExecFailed(words or f"kill ended with exit code {done.exit_code}")


def number_inside(proc: Path, container: str, main: int, process: Process) -> int | None:
    """Return the number that a process of this machine has in its container, whose first process is `main`.

    None where this machine does not tell: the daemon may be another's, where another process has the number. A
    process is the container's only if the kernel names the container's full ID for both; and it is the one that is
    meant only while it has its command.
    """
    own_folder = proc / str(process.pid)
    try:
        if any(container not in _text(folder / "cgroup") for folder in (proc / str(main), own_folder)):
            return None
        if plain(_text(own_folder / "cmdline")) != plain(process.command):
            return None
        first, own = _numbers(proc / str(main)), _numbers(own_folder)
    except (OSError, ValueError):
        return None
    # one that made a namespace of its own has another number further inside
    return own[len(first) - 1] if first and len(own) >= len(first) else None


def _numbers(folder: Path) -> list[int]:
    """Return the numbers of a process in the namespaces that it is in, from this one inwards. Linux's NSpid."""
    lines = _text(folder / "status").splitlines()
    return [int(word) for line in lines if line.startswith("NSpid:") for word in line.split()[1:]]


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(1 << 20).decode("utf-8", "replace")
