"""What is on the screen before the application is: where the dashboard will have it, whatever names and terminal are.

The tests on a terminal run hythe as a user does, on a pty, against the demo engine.
"""

import os
import re
import signal
import subprocess
import sys
import termios
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest
from ptyharness import Emulator, PtyApp
from stage import StageApp, text_of, until

from tui.engine.early import Glimpse
from tui.engine.endpoint import Endpoint
from tui.first_paint import FirstPaint, colours_of, first_lines, painted, theme_text
from tui.model.containers import Container
from tui.screens.dashboard import DashboardScreen
from tui.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
HYTHE = [sys.executable, "-m", "tui"]
STUCK = [
    *(sys.executable, "-c"),
    "import sys, time\nfrom tui import __main__ as entry, first_paint\n"
    "first_paint.import_the_rest = lambda: time.sleep(60)\nsys.exit(entry.main([]))",
]
"""hythe, as it is while it imports."""

HERE = Endpoint("unix:///run/here.sock", "test")


def paint(glimpse: Glimpse, settings: Settings, columns: int, lines: int) -> tuple[Emulator, str]:
    """The terminal after the first paint, and what was written."""
    colours = colours_of(settings)
    drawn = first_lines(glimpse, settings, columns, lines, 0.0)
    text = colours.clear + "".join(painted(drawn, columns, lines, colours, settings.ascii))
    screen = Emulator(columns, lines)
    screen.feed(text.encode())
    return screen, text


def container(number: int = 0, **fields: object) -> Container:
    known = {"id": f"{number:064x}", "name": f"box-{number}", "image": "busybox", "state": "running"} | fields
    return Container(**known)  # type: ignore[arg-type]


SIZES = [(80, 24), (119, 54), (120, 40), (160, 50), (169, 30), (200, 60), (171, 24), (40, 10)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("by_project", [False, True], ids=["flat", "by project"])
async def test_nothing_jumps_when_the_dashboard_comes(
    size: tuple[int, int], ascii_only: bool, by_project: bool
) -> None:
    settings = Settings(ascii=ascii_only, by_project=by_project)
    app = StageApp(settings, containers=30)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen), "the dashboard")
        screen = app.screen
        assert isinstance(screen, DashboardScreen)
        await until(pilot, lambda: screen.session.state.condition.is_live, "a live feed")
        await until(pilot, lambda: "  Engine" in text_of(app) or size[0] < 60, "the engine's version")
        listed = await screen.session.engine.containers.list_all()
        after = text_of(app).split("\n")
        rows_after = len(screen.containers.visible_keys)
        glimpse = Glimpse(screen.session.engine.endpoint, "1.51", listed, True)
    before, _ = paint(glimpse, settings, *size)
    lines = [line.rstrip() for line in before.display]
    known = after[0][: after[0].index("  Engine")] if "  Engine" in after[0] else after[0][:12]
    assert lines[0].startswith(known)
    title = next(y for y, line in enumerate(after) if line.startswith(" containers "))
    width = min(size[0], 60)
    assert lines[title].partition("  reading")[0][:width].rstrip(" …~") == after[title][:width].rstrip(" …~")
    assert lines[title + 1][:width].rstrip() == after[title + 1][:width].rstrip()
    rows = [line for line in lines[title + 2 :] if line]
    assert len(rows) == rows_after
    # from a list, less is known than from inspects: name and state are the same
    assert [line[2:30] for line in rows] == [line[2:30] for line in after[title + 2 : title + 2 + len(rows)]]


def test_of_the_newest_alone_no_project_is_counted() -> None:
    labels = {"com.docker.compose.project": "shop"}
    containers = [container(1), container(2, labels=labels), container(3, labels=labels)]
    for whole in (False, True):
        screen, _ = paint(Glimpse(HERE, "1.51", containers, whole), Settings(by_project=True), 100, 24)
        rows = [line.split() for line in screen.display if "shop" in line or "project" in line or "box" in line][1:]
        assert [row[:2] for row in rows if row[0] == "▾"] == [["▾", "shop"], ["▾", "no"]]
        assert [row[0] for row in rows if row[0] != "▾"] == ["box-2", "box-3", "box-1"]
        assert ("2/2" in rows[0]) is whole


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (1, 9), (3, 3), (9, 4), (20, 5), (500, 3)])
@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("by_project", [False, True], ids=["flat", "by project"])
def test_no_terminal_is_too_small(size: tuple[int, int], whole: bool, by_project: bool) -> None:
    glimpse = Glimpse(HERE, "1.51", [container(n) for n in range(9)], whole)
    screen, _ = paint(glimpse, Settings(by_project=by_project), *size)
    assert len(screen.display) == size[1]


HOSTILE = [
    "\x1b]0;owned\x07",
    "[red]x[/]",
    "\u202egnp",
    "a\nb",
    "\x9b2J",
    "日本語" * 30,
    "e\u0301",
    "x" * 100_000,
    "\ud800",
]


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("color", ["full", "ansi", "none"])
def test_text_from_outside_is_drawn_literally(color: str, ascii_only: bool) -> None:
    containers = [
        container(number, name=text, image=text, status=text, labels={"com.docker.compose.project": text})
        for number, text in enumerate(HOSTILE)
    ]
    endpoint = Endpoint("unix:///run/\x1b[2J.sock", "test", "\x1b[31mred")
    settings = Settings(ascii=ascii_only, color=color)  # type: ignore[arg-type]
    screen, text = paint(Glimpse(endpoint, "1.\x1b[5n51", containers, True), settings, 100, 30)
    assert not set(re.sub(r"\x1b\[[0-9;]*[HmJ]", "", text)) & {*map(chr, range(32)), "\x7f", "\x9b", "\u202e"}
    assert len(text) < 20_000
    assert screen.display[0].startswith(" hythe ")
    assert any("[red]x[/]" in line for line in screen.display)
    if ascii_only:
        assert text.isascii()
    if color != "full":
        assert not re.search(r"\x1b\[[0-9;]*[34]8;", text)


def test_it_has_the_colours_of_the_theme_that_comes() -> None:
    glimpse = Glimpse(HERE, "1.51", [container()], True)
    for theme, ground in (("hythe-dark", "12171c"), ("hythe-light", "f7f7f4")):
        screen, _ = paint(glimpse, Settings(theme=theme), 80, 24)
        assert screen.background(4, 0) == ground
    for theme in ("../../etc/passwd", "no-such", "ansi-16"):
        screen, _ = paint(glimpse, Settings(theme=theme), 80, 24)
        assert screen.background(4, 0) == "default"


@pytest.mark.parametrize("theme", [path.stem for path in (ROOT / "themes").glob("*.toml")])
def test_it_reads_our_themes_as_toml_does(theme: str) -> None:
    data = tomllib.loads((ROOT / "themes" / f"{theme}.toml").read_text("utf-8"))
    colours = {key: value for key, value in (data | data["variables"]).items() if str(value).startswith("#")}
    assert len(colours) > 10 or theme == "ansi-16"
    assert theme_text(Settings(theme=theme)).items() >= colours.items()


# on a terminal


def start(command: Sequence[str], socket: str, **options: object) -> PtyApp:
    env = {"DOCKER_HOST": f"unix://{socket}", "PYTHONPATH": str(ROOT)}
    return PtyApp(command, env=env, folder=ROOT, columns=80, lines=24, **options)  # type: ignore[arg-type]


def modes(app: PtyApp) -> list[object]:
    return termios.tcgetattr(app.fd)


@pytest.fixture
def found() -> list[object]:
    """The modes that a new terminal has."""
    ends = os.openpty()
    try:
        return termios.tcgetattr(ends[1])
    finally:
        for end in ends:
            os.close(end)


def test_names_come_before_anything_is_imported_and_keys_are_kept(demo_socket: str) -> None:
    with start(STUCK, demo_socket) as app:
        assert app.wait_text("shop-web-1") is not None
        assert app.look().has("connecting")
        app.send("jj/web\r")
        time.sleep(0.05)  # an echo would be there by now, and one that is late fails nothing
        below = app.text().split("\n", 1)[1]  # the first line names the socket, which has any name
        assert "jj" not in below


def test_the_dashboard_takes_over_with_the_keys_typed_before(demo_socket: str) -> None:
    with start(HYTHE, demo_socket) as app:
        assert app.wait_text("shop-web-1") is not None
        app.send("/web\r")
        assert app.wait_text("filter: web") is not None
        assert app.wait_text("live") is not None
        assert app.look().has("1 of ")
        raw = b"".join(data for _, data in app.chunks)
        assert raw.count(b"\x1b[?1049h") == 1  # some terminals clear the screen at each
        app.send("\x1b")
        app.wait(lambda screen: not screen.has("filter"))
        app.send("q")
        assert app.wait_status() == 0


@pytest.mark.parametrize("end", ["ctrl+c", "SIGTERM", "SIGHUP"])
def test_whatever_ends_it_before_the_application_leaves_the_terminal_as_it_was(
    end: str, demo_socket: str, found: list[object]
) -> None:
    with start(STUCK, demo_socket) as app:
        assert app.wait_text("shop-web-1") is not None
        assert modes(app) != found
        if end == "ctrl+c":
            app.send("\x03")
            assert app.wait_status() == 130
        else:
            number = signal.Signals[end]
            os.kill(app.pid, number)
            assert app.wait_status() == 128 + number
        assert modes(app) == found
        raw = b"".join(data for _, data in app.chunks)
        assert raw.endswith(b"\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l")


def test_the_terminal_is_as_it_was_after_the_application_too(demo_socket: str, found: list[object]) -> None:
    with start(HYTHE, demo_socket) as app:
        assert app.wait_text("live") is not None
        app.send("q")
        assert app.wait_status() == 0
        assert modes(app) == found


def test_what_was_drawn_for_another_size_never_covers_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """The terminal is resized while a thread draws: the main thread has drawn anew before it is through."""
    paint = FirstPaint(Settings(), {})
    written: list[str] = []
    sizes = iter([(80, 24), (130, 40), (130, 40), (130, 40)])
    monkeypatch.setattr(paint.terminal, "_ours", True)
    monkeypatch.setattr(paint.terminal, "_write", written.append)
    monkeypatch.setattr(paint.terminal, "size", lambda: next(sizes))
    paint._show(Glimpse(HERE, "1.51", [container()], whole=True))  # pyright: ignore[reportPrivateUsage]
    screen = Emulator(130, 40)
    screen.feed("".join(written).encode())
    assert len(written) == 1
    assert screen.display[0].find("connecting") > 100


def test_a_resize_before_the_application_draws_anew(demo_socket: str) -> None:
    with start(STUCK, demo_socket) as app:
        assert app.wait_text("shop-web-1") is not None
        app.resize(130, 40)
        assert app.wait(lambda screen: screen.display[0].find("connecting") > 100) is not None


def test_authorities_are_read_for_whom_they_are_needed_alone() -> None:
    """What stands in for no context trusts nobody, and whoever asks for a context gets what the system trusts."""
    code = (
        "import gc, ssl\nfrom tui.first_paint import import_the_rest\nimport_the_rest()\n"
        "idle = [each.cert_store_stats()['x509'] for each in gc.get_objects() if isinstance(each, ssl.SSLContext)]\n"
        "from tui.engine.registry_trust import trusted\n"
        "print(sum(idle), len(idle) > 0, trusted('here').cert_store_stats() == CONTEXT)"
    )
    before = "import ssl\nCONTEXT = ssl.create_default_context().cert_store_stats()\n"
    said = subprocess.run([sys.executable, "-c", before + code], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert said.stdout == "0 True True\n", said.stderr
