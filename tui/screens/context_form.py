"""The form of a docker context: where a daemon is and how it is reached, tried before it is kept."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tui.commands.host_desk import HostDesk, try_context
from tui.engine.context_store import StoredContext
from tui.engine.errors import ContextError, EngineError
from tui.engine.probe import Prober, probe
from tui.model.context_spec import ContextSpec, check_host, check_name, create_line, needs_no_tls, update_line
from tui.model.hosts import ANSWERS, Host, HostRow, Probe
from tui.present.hosts import HostRows
from tui.screens.form_screen import FormScreen, Values
from widgets.choice_fields import ToggleField
from widgets.fields import Field, TextField
from widgets.path_field import PathField, check_file
from widgets.text_pane import TextPane

TLS_FIELDS = ("ca", "cert", "key")


class ContextFormScreen(FormScreen):
    """Makes a context, or edits `stored`. `saved` is told the name of what was written."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "try", "Try the connection", show=False, id="context.try"),
    ]
    DEFAULT_CSS = """
    ContextFormScreen {
        & #form-body { layout: vertical; }
        & #form { height: 1fr; }
        & #tried { height: auto; max-height: 5; padding: 0 1; }
    }
    """
    own_keys = (*FormScreen.own_keys, ("f5", "try the connection, with nothing kept"))
    submit_label = "Save"
    more_hints = (("f5", "try"),)
    headings: ClassVar = {"ca": "TLS, for tcp:// only"}

    def __init__(
        self,
        desk: HostDesk,
        stored: StoredContext | None = None,
        host: str = "",
        *,
        saved: Callable[[str], Awaitable[None]],
        prober: Prober = probe,
    ) -> None:
        super().__init__()
        self._desk, self._stored, self._host = desk, stored, host
        self._saved, self._prober = saved, prober

    def place(self) -> tuple[str, str]:
        return "contexts", str(self._desk.book.store.folder)

    def memory_key(self) -> Hashable:
        return ("context", self._stored.folder if self._stored else self._host)

    def subject(self) -> str:
        return f"edit the context {self._stored.name}" if self._stored else "new context"

    def defaults(self) -> Values:
        spec = self._stored.spec if self._stored else ContextSpec("", host=self._host)
        return {
            "name": spec.name,
            "description": spec.description,
            "host": spec.host,
            **{field: getattr(spec, field) for field in TLS_FIELDS},
            "skip": spec.skip_tls_verify,
        }

    def make_fields(self, values: Values) -> Sequence[Field]:
        ascii_only = self.ascii

        def path(label: str, name: str, placeholder: str) -> Field:
            return PathField(label, name, str(values[name]), placeholder, check_optional_file, ascii=ascii_only)

        def text(name: str) -> str:
            return str(values[name])

        fields: list[Field] = []
        if self._stored is None:
            fields.append(TextField("Name", "name", text("name"), "production", check_name, ascii=ascii_only))
        return [
            *fields,
            TextField("Description", "description", text("description"), "what it is for", ascii=ascii_only),
            TextField("Host", "host", text("host"), "ssh://USER@HOST, tcp://HOST:2376, unix:///PATH", self._check_host,
                      ascii=ascii_only),
            path("CA", "ca", "ca.pem: who signed the daemon's certificate"),
            path("Certificate", "cert", "cert.pem: yours, which the daemon trusts"),
            path("Key", "key", "key.pem: of your certificate; copied so that only you can read it"),
            ToggleField("Verification", "skip", values["skip"] is True, "skip it: anybody in between can be the daemon",
                        ascii=ascii_only),
        ]  # fmt: skip

    def _check_host(self, text: str) -> str | None:
        text = text.strip()
        if self._stored is not None and text == self._stored.spec.host and text:
            return None  # docker has taken it: what is odd about it is told by trying
        return check_host(text)

    def compose_aside(self) -> ComposeResult:
        pane = TextPane(ascii=self.ascii, id="tried")
        pane.can_focus = False
        yield pane

    def on_mount(self) -> None:
        self.values_changed()

    def values_changed(self) -> None:
        """Check what hangs on several fields; what was tried before is no answer any more."""
        self._show_tried([])
        spec = self._spec(self.form.values())
        self.form.field("host").set_hint(host_hint(spec))

    # what it comes to

    def _spec(self, values: Values) -> ContextSpec:
        def text(name: str) -> str:
            return str(values[name]).strip()

        return ContextSpec(
            self._stored.spec.name if self._stored else text("name"),
            text("description"),
            text("host"),
            *(_expanded(text(field)) for field in TLS_FIELDS),
            skip_tls_verify=values["skip"] is True,
        )

    def line_of(self, values: Values) -> str:
        spec = self._spec(values)
        if self._stored is not None:
            return update_line(self._stored.spec, spec)
        return create_line(spec) if spec.name and spec.host else ""

    # trying

    def action_try(self) -> None:
        """Ask the host as the form says it, with nothing written to docker's store."""
        for name in ("host", *TLS_FIELDS):
            if self.form.field(name).validate():
                self.form.field(name).take_focus()
                return
        self.run_worker(self._try, group="try", exclusive=True)

    async def _try(self) -> None:
        spec = self._spec(self.form.values())
        self._show_tried([(f"asking {spec.host}", "info")])
        result = await try_context(spec, self._prober, self._desk.book.env)
        if self.is_mounted and self._spec(self.form.values()) == spec:
            self._show_tried(tried_lines(result, self.ascii))

    def _show_tried(self, lines: Sequence[tuple[str, str]]) -> None:
        pane = self.query_one("#tried", TextPane)
        pane.display = bool(lines)
        pane.set_lines(lines)

    # sending

    async def send(self, values: Values) -> None:
        spec, stored, desk = self._spec(values), self._stored, self._desk
        line = self.line_of(values)
        if stored is not None and not line:
            self._leave_saved()
            return
        self.set_sending("writing")
        store = desk.book.store
        try:
            if stored is None:
                await desk.change(line, lambda: store.create(spec))
            else:
                await desk.change(line, lambda: store.update(stored, spec))
        except EngineError as error:
            text = f"{error}\n{error.hint}" if error.hint else str(error)
            self.refused(text, error.field if isinstance(error, ContextError) else None)
            return
        self.note(f"$ {line}")
        self._leave_saved()
        await self._saved(spec.name)

    def _leave_saved(self) -> None:
        self.forget()
        if self.hythe.screen is self:
            self.hythe.pop_screen()


def check_optional_file(text: str) -> str | None:
    """Return what is wrong with the path of a file that need not be named, or None."""
    return check_file(text.strip()) if text.strip() else None


def host_hint(spec: ContextSpec) -> str:
    """Return what is worth a word about how a host is reached, or an empty text."""
    named = bool(spec.ca or spec.cert or spec.key)
    if spec.host.startswith(("tcp://", "http://")) and not named and not spec.skip_tls_verify:
        return "neither encrypted nor authenticated: who can reach the port is root there"
    return "TLS files are for tcp:// only" if named and needs_no_tls(spec.host) else ""


def tried_lines(result: Probe, ascii_only: bool) -> list[tuple[str, str]]:
    """Return what came of trying a connection, each line with its tone."""
    row = HostRow(Host("", "named", "", "", ""), "", probe=result)
    lines = HostRows(lambda: result.at, lambda _: False, ascii_only).about(row)[1:]
    return lines if result.state == ANSWERS else [*lines, ("f2 saves it all the same", "dim")]


def _expanded(path: str) -> str:
    """A path as docker must be told it: a tilde means nothing to docker, nor does this folder to its store."""
    return os.path.abspath(os.path.expanduser(path)) if path else ""
