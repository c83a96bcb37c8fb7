"""The panes of a build's screen: the Dockerfile, the output of a step, the layers of the image."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical

from tui.model.build import BuildLog, BuildState, BuildStep, StepLog
from tui.model.built_layers import BuiltLayer
from tui.model.dockerfile_map import map_of
from tui.model.log_record import Stream
from tui.present.build import step_title
from tui.present.build_report import layer_rows, layers_title
from tui.present.dockerfile_view import source_rows
from widgets.log_view import LogLine, LogView
from widgets.source_view import SourceLine, SourceView
from widgets.span_line import SpanLine
from widgets.steps_view import State
from widgets.weights_view import Weight, WeightsView

FLOOD = 1_000
"""With more lines than this between two looks, only the last few of them are drawn, until it is calm again."""

GLIMPSE = 100
STATES: dict[str, State] = {
    "waiting": "waiting", "running": "running", "done": "done", "cached": "cached", "failed": "failed",
    "cancelled": "cancelled",
}  # fmt: skip
TONES = {"cached": "accent", "failed": "bad"}


class SourcePane(Vertical):
    """The Dockerfile, each instruction marked with how far it is."""

    def __init__(self, dockerfile: str, name: str, *, ascii: bool, id: str) -> None:
        super().__init__(id=id, classes="pane")
        self._dockerfile = dockerfile
        self._file = name
        self._ascii = ascii

    def compose(self) -> ComposeResult:
        yield SpanLine(id="source-title", classes="title", ascii=self._ascii)
        yield SourceView(id="source", ascii=self._ascii)

    def on_mount(self) -> None:
        self.query_one("#source-title", SpanLine).show([(f" {self._file}", "")], [("e edits ", "dim")])

    @property
    def view(self) -> SourceView:
        """The lines."""
        return self.query_one("#source", SourceView)

    def show(self, build: BuildState) -> None:
        """Show how far the build is."""
        rows = source_rows(self._dockerfile, build)
        self.view.set_lines(
            [SourceLine(row.number, row.spans, STATES.get(row.state), row.note, row.warned) for row in rows]
        )

    def go_to(self, step: BuildStep) -> None:
        """Put the cursor on the instruction that a step comes from, all of it in view where there is room."""
        instruction = map_of(self._dockerfile).instruction_of(step)
        if instruction is not None:
            self.view.go_to(instruction.last_line)
            self.view.go_to(instruction.line)

    def step_at(self, build: BuildState, line: int) -> str:
        """Return the ID of the step that a line belongs to; empty where it belongs to none."""
        mapped = map_of(self._dockerfile)
        marks = mapped.marks(build)
        found = next((i for i in mapped.instructions if i.line <= line <= i.last_line), None)
        mark = marks.get(found.line) if found is not None else None
        return mark.step if mark is not None else ""


class OutputPane(Vertical):
    """The output of one step, as it comes."""

    DEFAULT_CSS = """
    OutputPane {
        & #open-line { display: none; text-style: italic; }
        & #open-line.-shown { display: block; }
    }
    """

    def __init__(self, dockerfile: str, *, ascii: bool, id: str) -> None:
        super().__init__(id=id, classes="pane")
        self._dockerfile = dockerfile
        self._ascii = ascii
        self._shown: tuple[str, int] = ("", 0)
        self._gap = False

    def compose(self) -> ComposeResult:
        yield SpanLine(id="log-title", classes="title", ascii=self._ascii)
        yield LogView(id="log", ascii=self._ascii, wrapped=True)
        yield SpanLine(id="open-line", ascii=self._ascii)

    @property
    def view(self) -> LogView:
        """The lines."""
        return self.query_one("#log", LogView)

    def show(self, step: BuildStep | None, log: StepLog) -> None:
        """Show the output of a step: all of it for another step than before, else what came."""
        if step is None:
            self.view.set_notice("")
            return
        lines = log.lines
        unfinished = lines.pop() if log.open_line and not step.state.ended else None
        end = log.dropped + len(lines)
        self.view.set_notice("no output yet" if not step.state.ended else f"{step.state.value}, without output")
        if self._shown[0] != step.id:
            self.query_one("#log-title", SpanLine).show(*step_title(step, self._dockerfile))
        came = end - self._shown[1]
        calm = step.state.ended or came <= FLOOD
        if self._shown[0] != step.id or (self._gap and calm and self.view.following):
            self._show_whole(lines, log.dropped)
        elif not calm:
            self._gap = True
            skipped = LogLine(f"{came - GLIMPSE:,} lines passed too fast to be shown", "system")
            self.view.append([skipped, *map(log_line, lines[-GLIMPSE:])])
        elif came:
            self.view.append([log_line(line) for line in lines[-came:]])
        self._shown = (step.id, end)
        open_line = self.query_one("#open-line", SpanLine)
        open_line.show([(unfinished.text.rstrip("\r"), "")] if unfinished else [])
        open_line.set_class(unfinished is not None, "-shown")

    def _show_whole(self, lines: Sequence[BuildLog], dropped: int) -> None:
        self._gap = False
        self.view.clear()
        older = [LogLine(f"{dropped:,} older lines were dropped", "system")] if dropped else []
        self.view.append([*older, *map(log_line, lines)])


class ImagePane(Vertical):
    """The layers of the image that was built, with what each weighs and took."""

    def __init__(self, *, ascii: bool, id: str) -> None:
        super().__init__(id=id, classes="pane")
        self._ascii = ascii

    def compose(self) -> ComposeResult:
        yield SpanLine(id="image-title", classes="title", ascii=self._ascii)
        yield WeightsView(id="weights", ascii=self._ascii)

    @property
    def view(self) -> WeightsView:
        """The rows."""
        return self.query_one("#weights", WeightsView)

    def show(self, layers: Sequence[BuiltLayer], notice: str) -> None:
        """Show the layers; `notice` says why there are none."""
        self.query_one("#image-title", SpanLine).show(layers_title(layers), [("L opens the files ", "dim")])
        self.view.set_notice(notice)
        self.view.set_weights(
            [
                Weight(
                    row.weight,
                    row.size,
                    row.time,
                    f"{row.line:>4}  {row.text}" if row.line is not None else f"      {row.text}",
                    TONES.get(row.state, "dim"),
                    row.line,
                )
                for row in layer_rows(layers)
            ]
        )


def log_line(line: BuildLog) -> LogLine:
    """Return a line of a step's output as the log view takes it."""
    return LogLine(line.text.rstrip("\r"), "stderr" if line.stream is Stream.STDERR else "stdout")
