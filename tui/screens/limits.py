"""The limits form: what is changed of containers in place, what it was before, and what the daemon made of it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import partial

from tui.commands.command import Context
from tui.commands.containers import described
from tui.commands.running import Act, Failure, allowed, perform, tell
from tui.engine.errors import ApiError, EngineError, NotFound
from tui.model.containers import Container
from tui.model.limits import (
    LIMITS,
    body_of,
    changed,
    common,
    conflicts,
    place_of,
    problem,
    same,
    texts_of,
    update_line,
)
from tui.present.units import memory, plural
from tui.screens.form_screen import FormScreen, Values
from widgets.fields import Field, TextField

LABELS: Mapping[str, tuple[str, str, str]] = {
    "memory": ("Memory", "no limit", "such as 512m, 2g"),
    "memory-swap": ("Memory and swap", "the daemon's own", "both together; -1 for no limit"),
    "memory-reservation": ("Soft limit", "none", "when memory is short"),
    "cpus": ("CPUs", "all", "such as 1.5"),
    "cpu-shares": ("CPU shares", "1024", "its weight beside other containers"),
    "cpuset-cpus": ("On CPUs", "any", "such as 0-3,5"),
    "pids-limit": ("Processes", "no limit", "-1 for no limit"),
    "restart": ("Restart", "no", "no, always, unless-stopped, on-failure[:TIMES]"),
}
"""The label of each limit, what stands in its field while it is empty, and how it is written."""

MOST_SHOWN = 4
GONE = "it is gone: somebody removed it meanwhile"


class LimitsScreen(FormScreen):
    """Changes limits of one or several containers of a host, as `docker update` does."""

    submit_label = "Update"

    def __init__(self, containers: Sequence[Container], before: Mapping[str, Mapping[str, str]]) -> None:
        super().__init__()
        self._containers = containers
        self._before = dict(before)
        self._sent: dict[str, list[str]] = {}

    def memory_key(self) -> Hashable:
        return ("limits", tuple(container.id for container in self._containers))

    def subject(self) -> str:
        count = len(self._containers)
        return f"limits of {self._containers[0].name if count == 1 else plural(count, 'container')}"

    def defaults(self) -> Values:
        return dict(common(self._before.values()))

    def make_fields(self, values: Values) -> Sequence[Field]:
        fields: list[Field] = []
        for limit in LIMITS:
            label, placeholder, _ = LABELS[limit.option]
            if len({before[limit.option] for before in self._before.values()}) > 1:
                placeholder = "each keeps its own"
            check = partial(self._fault_of, limit.option)
            text = str(values[limit.option])
            field = TextField(label, limit.option, text, placeholder, check, ascii=self.ascii)
            field.further = partial(self._conflict, limit.option)
            fields.append(field)
        return fields

    def on_mount(self) -> None:
        super().on_mount()
        self.values_changed()

    # what is wrong, and what changes

    def _was(self, option: str) -> str:
        return common(self._before.values())[option]

    def _fault_of(self, option: str, text: str) -> str | None:
        return problem(option, self._was(option), text.strip())

    def _conflict(self, option: str) -> str | None:
        texts = self._texts(self.form.values())
        for before in self._before.values():
            found = conflicts({name: texts[name] or before[name] for name in texts}).get(option)
            if found is not None:
                return found
        return None

    @staticmethod
    def _texts(values: Values) -> dict[str, str]:
        return {limit.option: str(values[limit.option]).strip() for limit in LIMITS}

    def _change(self, values: Values) -> dict[str, str]:
        return changed(common(self._before.values()), self._texts(values))

    def values_changed(self) -> None:
        change = self._change(self.form.values())
        for limit in LIMITS:
            was, after = self._words(limit.option), change.get(limit.option)
            arrow = "->" if self.ascii else "→"
            hint = f"now {was}; {LABELS[limit.option][2]}" if after is None else f"{was} {arrow} {after}"
            self.form.field(limit.option).set_hint(hint)
        for field in self.form.fields:  # what hangs on another field is told as soon as that one is typed
            wrong = self._conflict(field.key)
            if not field.problem():
                field.set_error(wrong)

    def form_renewed(self) -> None:
        self.values_changed()

    def _words(self, option: str) -> str:
        """Return what the limit is now, of several where they differ; of memory what is used besides."""
        nothing = LABELS[option][1]
        found = list(dict.fromkeys(before[option] or nothing for before in self._before.values()))
        more = " …" if len(found) > MOST_SHOWN else ""
        words = " / ".join(found[:MOST_SHOWN]) + more
        if option == "memory":
            usage = self.session.usage.usage
            used = [usage[c.id].sample.memory for c in self._containers if c.id in usage and c.state == "running"]
            if used:
                words += f", {'at most ' if len(used) > 1 else ''}{memory(max(used))} in use"
        return words

    def line_of(self, values: Values) -> str:
        return update_line(self._change(values), [container.name for container in self._containers])

    # sending

    async def send(self, values: Values) -> None:
        change = self._change(values)
        if not change:
            self.refused("nothing is changed", None)
            return
        context = Context(self.session, self, "containers", self._containers)
        title = f"Update {plural(len(self._containers), 'container')} on {self.session.name}?"
        lines = [self.line_of(values), *described(self._containers, self.session.now())]
        names = [container.name for container in self._containers]
        if not await allowed(context, "guarded", title, lines, names=names, label="Update", host_told=True):
            return
        self._sent.clear()
        acts = [Act(c.id, c.name, update_line(change, [c.name]), partial(self._update_one, c, change))
                for c in self._containers]  # fmt: skip
        failures = await perform(context, "update", acts, report=False)
        remarks = [*self._warnings(), *await self._read_again(change, {failure.act.key for failure in failures})]
        if failures:
            self._show_failures(failures, change)
        else:
            self.forget()
            await self.leave_for("container", self._containers[0].id)
            await tell(context, "update", acts, failures)
        if remarks:
            await self.tell("update: what became of it", "\n".join(remarks))

    async def _update_one(self, container: Container, change: Mapping[str, str]) -> None:
        self._sent[container.name] = await self.session.engine.containers.update(container.id, body_of(change))

    def _warnings(self) -> list[str]:
        return [f"{name}: the daemon warns: {text}" for name, texts in self._sent.items() for text in texts]

    async def _read_again(self, change: Mapping[str, str], failed: set[str]) -> list[str]:
        """Read what the limits are now, and return what is not as it was asked for though the daemon took it."""
        remarks: list[str] = []
        for container in self._containers:
            try:
                made = await self.session.engine.containers.made(container.id)
            except NotFound:
                if container.id not in failed:
                    remarks.append(f"{container.name}: {GONE}")
                continue
            except EngineError as error:
                remarks.append(f"{container.name}: what its limits are now could not be read: {error}")
                continue
            now = self._before[container.id] = texts_of(made.host_config)
            if container.id not in failed:
                remarks += [
                    f"{container.name}: {LABELS[option][0]} is {now[option] or LABELS[option][1]}, not {text}"
                    for option, text in change.items()
                    if not same(option, now[option], text)
                ]
        return remarks

    def _show_failures(self, failures: Sequence[Failure], change: Mapping[str, str]) -> None:
        if self.is_open:
            self.values_changed()
        error = failures[0].error
        if isinstance(error, NotFound) and len(self._containers) == 1:
            self.refused(f"{failures[0].act.name}: {GONE}", None)
        elif len(failures) == 1 and len(self._containers) == 1:
            place = place_of(str(error), change) if isinstance(error, ApiError) else None
            self.refused(f"{error}\n{error.hint}" if error.hint else str(error), place)
        else:
            told = ((each.act.name, GONE if isinstance(each.error, NotFound) else each.error) for each in failures)
            self.refused("\n".join(f"{name}: {words}" for name, words in told), None)
