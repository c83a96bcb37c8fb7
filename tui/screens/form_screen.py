"""A screen that is a form whose equal docker line stands below it, live; left unsent, it remembers what it held."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container as Box
from textual.content import Content
from textual.widgets import Static

from tui.commands.command import Option
from tui.screens.base import HytheScreen, content
from tui.screens.dashboard import DashboardScreen
from widgets.fields import Field, FieldValue
from widgets.form import Form, Group
from widgets.line_view import Span
from widgets.span_line import KeyHints, SpanLine

Values = Mapping[str, FieldValue]
LONGEST_LINE = 4000


class FormScreen(HytheScreen):
    """Subclasses say which fields there are, which docker line they equal, and how they are sent."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "submit", "Send", show=False, id="form.submit_screen"),
        Binding("escape,q", "leave", "Back", show=False, id="form.leave"),
        Binding("f3", "copy_line", "Copy the line", show=False, id="form.copy_line"),
        Binding("f4", "start_over", "Start over", show=False, id="form.start_over"),
        Binding("f6", "choose", "Choose", show=False, priority=True, id="form.choose"),
    ]
    DEFAULT_CSS = """
    FormScreen {
        & #form-body { height: 1fr; }
        & #form { padding: 0 1; }
        & #form-problem { height: auto; max-height: 4; padding: 0 1; color: $text-error; display: none; }
        & #form-problem.-shown { display: block; }
        & #form-line { height: auto; min-height: 1; max-height: 4; padding: 0 1; color: $text-muted; }
    }
    """
    own_keys = (
        ("f2", "send the form"),
        ("tab shift+tab", "next, previous field"),
        ("enter", "next field; sends from the last"),
        ("space ← →", "turn a choice"),
        ("f3", "copy the docker line"),
        ("f4", "start over with what stood there first"),
        ("esc", "back; what is filled in is kept"),
    )
    submit_label: ClassVar[str] = "OK"
    more_hints: ClassVar[Sequence[tuple[str, str]]] = ()
    """Keys of its own for the footer, each with a word."""
    headings: ClassVar[Mapping[str, str]] = {}
    groups: ClassVar[Sequence[Group]] = ()

    def __init__(self) -> None:
        super().__init__()
        self._sending = ""
        self._defaults: Values = {}
        self._recalled = False

    # what a subclass says

    def memory_key(self) -> Hashable:
        """Return what tells this form, on its object, from others."""
        raise NotImplementedError

    def defaults(self) -> Values:
        """Return what the fields hold at first."""
        raise NotImplementedError

    def make_fields(self, values: Values) -> Sequence[Field]:
        """Return the fields, filled in."""
        raise NotImplementedError

    def subject(self) -> str:
        """Return what the header says."""
        raise NotImplementedError

    def place(self) -> tuple[str, str]:
        """Return where the form is sent: what tells it from other places, and its name."""
        return self.session.engine.endpoint.url, self.session.name

    def line_of(self, values: Values) -> str:
        """Return the docker line that the form equals; an empty text while there is none."""
        raise NotImplementedError

    def told_line(self, values: Values) -> str:
        """Return the same line as it is told and recorded: where it may hold secrets, with these masked."""
        return self.line_of(values)

    async def send(self, values: Values) -> None:
        """Ask the daemon; called at most once at a time. It may outlive the screen."""
        raise NotImplementedError

    async def choices(self, field: str) -> Sequence[Option]:
        """Return what can be chosen for a field, each with the text that goes into it; nothing where it is free."""
        return ()

    def compose_aside(self) -> ComposeResult:
        """What stands beside the form."""
        yield from ()

    def values_changed(self) -> None:
        """Check what hangs on several fields; called after each change."""

    # the frame

    def compose(self) -> ComposeResult:
        ascii_only = self.hythe.settings.ascii
        kept = self.hythe.forms.recall(self._key)
        self._defaults = self.defaults()
        self._recalled = kept is not None
        yield SpanLine(id="header", ascii=ascii_only)
        with Box(id="form-body"):
            yield Form(
                self.make_fields({**self._defaults, **(kept or {})}),
                submit_label=self.submit_label,
                groups=self.groups,
                id="form",
            )
            yield from self.compose_aside()
        yield Static(id="form-problem", markup=False)
        yield Static(id="form-line", markup=False)
        yield KeyHints(id="footer", ascii=ascii_only)

    def on_mount(self) -> None:
        hints = (("f1", "help"), ("f2", self.submit_label.lower()), *self.more_hints, ("tab", "next"))
        hints = (*hints, ("f3", "copy the line"), ("f4", "start over"), ("esc", "back"))
        self.query_one("#footer", KeyHints).hint([(key, key, word, True) for key, word in hints])
        self.draw_header()
        self._draw_line()
        self.form.focus_first()

    def on_key_hints_pressed(self, message: KeyHints.Pressed) -> None:
        self.press_hint(message.id)

    @property
    def _key(self) -> Hashable:
        return (self.place()[0], self.memory_key())

    @property
    def form(self) -> Form:
        """The form."""
        return self.query_one("#form", Form)

    @property
    def is_open(self) -> bool:
        """Whether the user has not left it."""
        return self in self.hythe.screen_stack

    def draw_header(self) -> None:
        """Say what the form is about, and what is under way."""
        left: list[Span] = [(" hythe ", "head"), (self.subject(), "accent")]
        if self._sending:
            left.append((f"  {self._sending} …", "busy"))
        elif self._recalled:
            left.append(("  as it was left; f4 starts over", "dim"))
        self.query_one("#header", SpanLine).show(left, [(f"{self.place()[1]} ", "dim")])

    def _draw_line(self) -> None:
        line = self.line_of(self.form.values())
        self.query_one("#form-line", Static).update(
            content(f"$ {line}"[:LONGEST_LINE] if line else "", ascii=self.ascii)
        )

    def show_problem(self, text: str) -> None:
        """Say what is wrong with the form as a whole; an empty text takes it away."""
        problem = self.query_one("#form-problem", Static)
        mark = "x " if self.ascii else "✗ "
        problem.update(Content(mark) + content(text, ascii=self.ascii) if text else "")
        problem.set_class(bool(text), "-shown")

    def on_form_changed(self, _message: Form.Changed) -> None:
        self.show_problem("")
        self.values_changed()
        self._draw_line()

    # sending

    def on_form_submitted(self, message: Form.Submitted) -> None:
        if self._sending:
            self.note(f"{self._sending}: the daemon has not answered yet", "warning")
            return
        self.show_problem("")
        # not in this screen's worker: leaving the form must not cut a request in half
        owner = self.dashboard or self.hythe
        owner.run_worker(partial(self._send, message.values), group="forms")

    async def _send(self, values: Values) -> None:
        self.set_sending("asking the daemon")
        try:
            await self.send(values)
        finally:
            self.set_sending("")

    def set_sending(self, what: str) -> None:
        """Say in the header what the daemon is asked for; an empty text: nothing."""
        self._sending = what
        if self.is_open and self.is_mounted:
            self.draw_header()

    def refused(self, text: str, field: str | None) -> None:
        """Show why the daemon said no, at a field or below the form; beside the screen when it has been left."""
        if not self.is_open:
            self.note(f"{self.subject()}: {text}", "error")
        elif field is None:
            self.show_problem(text)
        else:
            self.form.show_error(field, text)

    def show_field_error(self, field: str, text: str | None) -> None:
        """Show an error at a field without going there; None takes it away."""
        if self.is_open:
            self.form.field(field).set_error(text)

    # leaving

    @property
    def dashboard(self) -> DashboardScreen | None:
        """The dashboard behind this screen."""
        found = [screen for screen in self.hythe.screen_stack if isinstance(screen, DashboardScreen)]
        return found[-1] if found else None

    async def leave_for(self, kind: str, key: str) -> bool:
        """Back to the dashboard, the cursor on an object; False, and nothing done, if this is no longer in front."""
        dashboard = self.dashboard
        if dashboard is None or self.hythe.screen is not self:
            return False
        while self.hythe.screen is not dashboard:
            await self.hythe.pop_screen()
        dashboard.go_to(kind, key, self.session)
        return True

    def remember(self) -> None:
        """Keep the values for the next time, if there is something to keep."""
        values = self.form.values()
        if values == self._defaults:
            self.hythe.forms.forget(self._key)
        else:
            self.hythe.forms.keep(self._key, values)

    def forget(self) -> None:
        """Drop what is kept: it was sent."""
        self.hythe.forms.forget(self._key)

    def on_form_cancelled(self, _message: Form.Cancelled) -> None:
        self.action_leave()

    def action_submit(self) -> None:
        """Send the form, wherever the focus is."""
        self.form.action_submit()

    def action_leave(self) -> None:
        """Go back, and keep what is filled in."""
        self.remember()
        self.hythe.pop_screen()

    def action_start_over(self) -> None:
        """Put back what stood there first."""
        self.hythe.forms.forget(self._key)
        self._recalled = False
        self.fill(self._defaults)

    def fill(self, values: Values) -> None:
        """Put other values into the fields, as if they had stood there from the beginning."""
        self.form.fill(values)
        self.form_renewed()
        self.draw_header()
        self._draw_line()
        self.show_problem("")
        self.form.focus_first()

    def action_choose(self) -> None:
        """Offer what can be chosen for the field that has the focus."""
        focused = self.focused
        field = next((node for node in focused.ancestors if isinstance(node, Field)), None) if focused else None
        if field is not None:
            self.run_worker(partial(self._choose, field), group="choose", exclusive=True)

    async def _choose(self, field: Field) -> None:
        options = await self.choices(field.key)
        if not options:
            self.note(f"{field.label}: nothing to choose from, it is typed")
            return
        chosen = await self.choose(field.label, options)
        if chosen is not None and self.is_open:
            field.insert(chosen)

    def form_renewed(self) -> None:
        """Check what hangs on several fields, after they were filled anew."""

    def action_copy_line(self) -> None:
        """Copy the docker line."""
        values = self.form.values()
        self.copy(self.line_of(values), self.told_line(values))
