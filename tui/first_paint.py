"""The names on the screen before the libraries are imported that draw it: what costs most of a start is imports.

The daemon is asked for its newest containers as soon as it is known which one; they are drawn where the dashboard will
draw them, in the colours of the theme, by the same columns and words. Then the application is imported, takes the
terminal over as it is, with the keys that were typed meanwhile, and with the lists that were read. Whatever fails here
gives way to the application, which starts the same without.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Literal, NamedTuple

from tui.first_terminal import FirstTerminal
from tui.settings import Settings

if TYPE_CHECKING:
    from tui.engine.early import EarlyLists, Glimpse
    from tui.model.containers import Container
    from tui.present.columns import Column
    from widgets.live_table_layout import Placed

Span = tuple[str, str]
Side = Literal["left", "right"]
Ground = Literal["panel", "title", "head", "row"]

WAIT_SECONDS = 0.05
"""How long the imports wait for the daemon: a quick one is on the screen before they begin, a slow one meanwhile."""


class Line(NamedTuple):
    """One line of the screen: spans from the left, spans from the right, and what they stand on."""

    left: Sequence[Span]
    right: Sequence[Span]
    ground: Ground


class FirstPaint:
    """The start of a run up to the application. As a context it restores the terminal in the end.

    `lists` is what was read of the daemon, or None.
    """

    def __init__(self, settings: Settings, environment: Mapping[str, str]) -> None:
        self.lists: EarlyLists | None = None
        self.terminal = FirstTerminal(self._draw)
        self._settings = settings
        self._environment = environment
        self._glimpse: Glimpse | None = None
        self._drawn = threading.Event()

    def __enter__(self) -> FirstPaint:
        try:
            self._begin()
        except Exception:  # noqa: BLE001 nothing here may keep the application from starting: it tells what is wrong
            self._give_up()
        except BaseException:  # ended by a signal: a context that was not entered is not left either
            self._give_up()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._give_up()

    def _give_up(self) -> None:
        if self.lists is not None:
            self.lists.close()
        self.terminal.restore()

    def _begin(self) -> None:
        if self._settings.demo or len(self._settings.contexts) > 1 or not self.terminal.take_raw():
            return
        from tui.engine.early import EarlyLists
        from tui.engine.endpoint import candidates
        from tui.engine.errors import EndpointError

        try:
            settings = self._settings
            endpoints = candidates(settings.host, settings.context, self._environment, settings.named_by)
        except EndpointError:
            return  # told by the application
        self.lists = EarlyLists(endpoints, _rows(*self.terminal.size()), self._show)
        self.lists.start()
        _import_what_draws(self._settings)  # while the daemon works
        self._drawn.wait(WAIT_SECONDS)

    def _show(self, glimpse: Glimpse) -> None:
        """Take in what the daemon said, in the thread that read it."""
        self._glimpse = glimpse
        self._draw()
        self._drawn.set()

    def _draw(self) -> None:
        glimpse = self._glimpse
        if glimpse is None:
            return
        colours = colours_of(self._settings)
        shown = False
        while not shown:
            size = self.terminal.size()
            drawn = first_lines(glimpse, self._settings, *size, time.time())
            text = colours.clear + "".join(painted(drawn, *size, colours, self._settings.ascii))
            shown = self.terminal.show(text, size)


DRAWING = ("tui.present.containers", "tui.present.header", "widgets.live_table_layout", "widgets.literal")
"""The modules that draw the names."""

DRAWING_GROUPS = ("tui.present.project_groups",)
"""Those that draw the rows of Compose projects, for those who have their containers grouped."""


def _import_what_draws(settings: Settings) -> None:
    from importlib import import_module

    for name in (*DRAWING, *(DRAWING_GROUPS if settings.by_project else ())):
        import_module(name)


# where the dashboard has what

TABS_FROM = 16
"""Lines of the terminal from which the dashboard has a line of tabs, as in screens/dashboard.py."""


def _table_size(columns: int, lines: int) -> tuple[int, int]:
    """The columns and lines that the table of containers gets, title and head not counted: as app.tcss lays it out."""
    main = lines - (3 if lines >= TABS_FROM else 2)
    if columns >= 170 and lines >= 24:
        return columns * 3 // 5, main * 3 // 5 - 2
    if columns >= 120 and lines >= 36:
        return columns, main * 5 // 9 * 3 // 5 - 2
    return columns, main - 2


def _rows(columns: int, lines: int) -> int:
    return max(1, _table_size(columns, lines)[1])


def first_lines(glimpse: Glimpse, settings: Settings, columns: int, lines: int, now: float) -> list[Line]:
    """The lines of the dashboard from the top down to the last container in sight, as it will draw them itself."""
    from tui.present.containers import ContainerRows
    from tui.present.header import Light, count_spans, host_spans, light_spans
    from widgets.live_table_layout import place

    treated = settings.host_settings(glimpse.endpoint.url, glimpse.endpoint.name or None)
    name = glimpse.endpoint.name or treated.name
    host = host_spans(name, "accent", "", glimpse.api_version, guarded=treated.guarded, read_only=treated.read_only)
    light = light_spans(Light(name, "accent", "connecting", 0.0, None, ""), budget="", ascii_only=settings.ascii)
    title: list[Span] = [(" containers", "head")]
    if glimpse.whole:
        counts: dict[str, int] = {}
        for container in glimpse.containers:
            counts[container.state] = counts.get(container.state, 0) + 1
        title += [(f" {len(glimpse.containers)}", ""), *count_spans(counts)]
    if settings.by_project:
        title.append(("  by project", "dim"))
    title.append(("  reading …", "dim"))
    width, height = _table_size(columns, lines)
    table = ContainerRows(lambda: now, {}, settings.ascii).columns()
    placed = place(table, width - 1)
    sides: list[Side] = [table[at.column].align for at in placed]
    arrow = "^" if settings.ascii else "▲"  # sorted by name, as the dashboard begins
    heads = [(table[at.column].title + (arrow if table[at.column].key == "name" else ""), "") for at in placed]
    drawn = [Line(host, light, "panel")]
    if lines >= TABS_FROM:
        drawn.append(Line((), (), "row"))
    drawn.append(Line(title, (), "title"))
    drawn.append(Line(_cells(heads, placed, sides, settings.ascii), (), "head"))
    rows = islice(_rows_of(glimpse, [table[at.column] for at in placed], settings), max(0, height))
    drawn += [Line(_cells(cells, placed, sides, settings.ascii), (), "row") for cells in rows]
    return drawn[:lines]


def _rows_of(glimpse: Glimpse, columns: Sequence[Column[Container]], settings: Settings) -> Iterator[Sequence[Span]]:
    """The cells of each row as the dashboard orders them: by name, or by Compose project below the row of each."""
    by_name = sorted(glimpse.containers, key=lambda container: (container.name.lower(), container.id))
    if not settings.by_project:
        yield from ([column.cell(container) for column in columns] for container in by_name)
        return
    from tui.present.project_groups import ProjectGroups, group_rank
    from widgets.live_table_layout import INDENT, UNFOLDED

    groups = ProjectGroups({}, ascii=settings.ascii)
    groups.take({container.id: container for container in glimpse.containers})
    by_project: dict[str, list[Container]] = {}
    for container in by_name:
        by_project.setdefault(container.project, []).append(container)
    for project in sorted(by_project, key=group_rank):
        members = by_project[project]
        known = [glimpse.whole or column.key == "name" for column in columns]  # of the newest alone nothing is counted
        head = [groups.cell(column.key, project, len(members), 0, filtered=False) for column in columns]
        shown = [cell if is_known else ("", "") for cell, is_known in zip(head, known, strict=True)]
        yield _led(columns, UNFOLDED[settings.ascii], shown)
        for container in members:
            yield _led(columns, INDENT, (column.cell(container) for column in columns))


def _led(columns: Sequence[Column[Container]], sign: str, cells: Iterable[Span]) -> Sequence[Span]:
    """Cells with a sign before the name."""
    return [
        (sign + text if column.key == "name" else text, tone)
        for column, (text, tone) in zip(columns, cells, strict=True)
    ]


def _cells(cells: Iterable[Span], placed: Iterable[Placed], sides: Iterable[Side], ascii_only: bool) -> list[Span]:
    """Texts with their tones, from left to right, as spans that stand where they should."""
    from widgets.literal import fit, literal

    spans: list[Span] = []
    used = 0
    for (text, tone), (_, x, width), side in zip(cells, placed, sides, strict=True):
        drawn = fit(literal(text, 4 * width + 16, ascii=ascii_only), width, side, "~" if ascii_only else "…")
        spans.append((" " * (x - used) + drawn, tone))
        used = x + width
    return spans


# colours and bytes


class Colours(NamedTuple):
    """SGR parameters: of each ground, and of each tone."""

    grounds: Mapping[str, str]
    tones: Mapping[str, str]

    @property
    def clear(self) -> str:
        """What fills the screen with the ground of rows."""
        return f"\x1b[{self.grounds['row']}m\x1b[2J"


PLAIN = Colours({"panel": "0", "title": "0;1", "head": "0;1;4", "row": "0"}, {"head": "1", "dim": "2", "muted": "2"})


def colours_of(settings: Settings) -> Colours:
    """The colours of the theme that the application will take, where its file says them in so many words."""
    if settings.color != "full":
        return PLAIN
    try:
        found = theme_text(settings)
        ground, panel, ink = (_rgb(found[key]) for key in ("background", "panel", "foreground"))
        primary = _rgb(found["primary"])
    except (KeyError, ValueError, OSError):
        return PLAIN
    title = tuple(round(g + (p - g) * 0.3) for g, p in zip(ground, primary, strict=True))
    tones = {"head": "1", "dim": "2"}
    for tone, names in _TONES.items():
        for key in names:
            if key in found:
                tones[tone] = _sgr(38, _rgb(found[key]))
                break
    front = _sgr(38, ink)
    grounds = {
        "panel": f"0;{front};{_sgr(48, panel)}",
        "title": f"0;1;{front};{_sgr(48, title)}",
        "head": f"0;1;{front};{_sgr(48, panel)}",
        "row": f"0;{front};{_sgr(48, ground)}",
    }
    return Colours(grounds, tones)


_TONES = {
    "muted": ("text-muted",),
    "good": ("success",),
    "warn": ("warning",),
    "bad": ("error",),
    "accent": ("accent",),
    "busy": ("accent",),
    "info": ("primary",),
}


def theme_text(settings: Settings) -> dict[str, str]:
    """What the theme's file says, by its keys, colours among them; OSError or ValueError when there is none to read.

    Hythe's own files have one on a line, as a test holds: to import what reads all of TOML takes as long as drawing.
    """
    from pathlib import Path

    from tui.state_file import load_state

    name = settings.theme or load_state().theme or "hythe-dark"
    if not name.replace("-", "").isalnum():
        raise ValueError(name)
    text = (Path(__file__).parents[1] / "themes" / f"{name}.toml").read_text("utf-8")
    pairs = (line.partition(" = ") for line in text.splitlines())
    return {key: value.strip('"') for key, _, value in pairs}


def _rgb(colour: str) -> tuple[int, ...]:
    if len(colour) != 7 or colour[0] != "#":
        raise ValueError(colour)
    return tuple(bytes.fromhex(colour[1:]))


def _sgr(kind: int, rgb: Iterable[int]) -> str:
    return f"{kind};2;" + ";".join(map(str, rgb))


def painted(drawn: Sequence[Line], columns: int, lines: int, colours: Colours, ascii_only: bool) -> Iterable[str]:
    """The bytes of the lines, each exactly as wide as the screen."""
    from widgets.literal import cells, literal

    for y, line in enumerate(drawn[:lines]):
        ground = colours.grounds[line.ground]
        yield f"\x1b[{y + 1}H\x1b[{ground}m"
        right = [(literal(text, ascii=ascii_only), tone) for text, tone in line.right]
        reserved = sum(cells(text) for text, _ in right)
        room = columns - reserved if reserved + 8 <= columns else columns
        yield from _run(line.left, room, ground, colours, ascii_only)
        if room < columns:
            yield from _run(right, reserved, ground, colours, ascii_only)


def _run(spans: Sequence[Span], room: int, ground: str, colours: Colours, ascii_only: bool) -> Iterable[str]:
    """Spans in their tones, cut or filled to exactly so many cells."""
    from widgets.literal import cells, fit, literal

    for text, tone in spans:
        if room <= 0:
            return
        shown = literal(text[: 4 * room + 16], ascii=ascii_only)
        size = cells(shown)
        if size > room:
            shown, size = fit(shown, room, ellipsis="~" if ascii_only else "…"), room
        style = colours.tones.get(tone)
        yield f"\x1b[{style}m{shown}\x1b[{ground}m" if style else shown
        room -= size
    yield " " * room


def import_the_rest() -> None:
    """Import the HTTP client beside what draws."""
    from importlib import import_module

    thread = threading.Thread(target=_import_aiohttp, name="imports", daemon=True)
    thread.start()
    import_module("textual.app")
    thread.join()


def _import_aiohttp() -> None:
    """Import the HTTP client without the authorities that the system trusts: 2 MB, and most of the import's time.

    It reads them for TLS contexts that stand in where none is given. Here each connection that speaks TLS is given its
    own (engine/tls.py, engine/registry_trust.py), and those that stand in trust nobody.
    """
    import ssl
    from importlib import import_module

    def read_none(self: ssl.SSLContext) -> None:
        pass

    read_authorities = ssl.SSLContext.set_default_verify_paths
    ssl.SSLContext.set_default_verify_paths = read_none
    try:
        with suppress(ImportError):  # a broken installation: told where it is imported next
            import_module("aiohttp")
    finally:
        ssl.SSLContext.set_default_verify_paths = read_authorities
