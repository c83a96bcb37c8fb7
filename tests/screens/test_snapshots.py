"""What the screens look like: SVG snapshots at three sizes, in each theme, without colour and in ASCII."""

from collections.abc import Awaitable, Callable

import pytest
from msgspec.structs import replace
from stage import StageApp, dashboard, settle, text_of, until
from textual.pilot import Pilot

from themes.loader import load_themes
from tui.engine.connect import Attempt
from tui.engine.endpoint import Endpoint
from tui.engine.hosts import Found, Listing
from tui.model.hosts import Host, Probe
from tui.screens.connect import ConnectScreen
from tui.settings import HostSettings, Settings

Compare = Callable[..., bool]
SIZES = {"80x24": (80, 24), "120x40": (120, 40), "200x60": (200, 60)}
THEMES = sorted(theme.name for theme in load_themes()[0])


def pressed(*keys: str, seen: str = "") -> Callable[[Pilot[int]], Awaitable[None]]:
    """Return what brings the dashboard up, presses keys, and waits until `seen` is on the screen."""

    async def run(pilot: Pilot[int]) -> None:
        await dashboard(pilot)
        await pilot.press(*keys)
        app = pilot.app
        assert isinstance(app, StageApp)
        if seen:
            await until(pilot, lambda: seen in text_of(app), seen)
        await settle(pilot)

    return run


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_dashboard(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(StageApp(), terminal_size=size, run_before=pressed())


@pytest.mark.parametrize("theme", THEMES)
def test_theme(snap_compare: Compare, theme: str) -> None:
    app = StageApp(Settings(theme=theme, color="ansi" if theme.startswith("ansi") else "full"))
    assert snap_compare(app, terminal_size=(120, 40), run_before=pressed("j", "space", "j", "j"))


def test_no_colour(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = StageApp(Settings(color="none"))
    assert snap_compare(app, terminal_size=(120, 40), run_before=pressed("j", "space", "j"))


def test_ascii(snap_compare: Compare) -> None:
    app = StageApp(Settings(ascii=True))
    assert snap_compare(app, terminal_size=(120, 40), run_before=pressed("j", "space", "j"))


KEYS = {
    "detail-logs": (("slash", *"web", "enter", "enter"), "GET /"),
    "detail-inspect": (("slash", *"api", "enter", "i"), "State:"),
    "detail-layers": (("2", "slash", *"nginx", "enter", "enter"), "CMD"),
    "images": (("2", "j", "j"), "debian"),
    "volumes": (("3", "j"), "shop_pgdata"),
    "networks": (("4", "j"), "shop_default"),
    "filter": (("slash", *"shop !db"), "shop !db"),
    "running": (("A",), "only running"),
    "remove": (("asterisk", "d"), "Remove 12 containers?"),
    "kill": (("slash", *"web", "enter", "K"), "SIGHUP"),
    "rename": (("R",), "New name"),
    "sort": (("o",), "Sort by"),
    "help": (("question_mark",), "half a page, a page"),
    "history": (("H",), "nothing yet"),
    "theme-switcher": (("T",), "colour-blind-safe"),
    "jobs": (("J",), "no jobs yet"),
    "run-form": (("2", "slash", *"nginx", "enter", "n"), "docker run -d"),
    "commit-form": (("slash", *"web", "enter", "c"), "docker commit"),
    "layers": (("2", "slash", *"team/api:1.4.2", "enter", "L"), "waste"),
    "palette": (("colon",), "stop or start"),
}


@pytest.mark.parametrize("name", KEYS)
def test_screen(snap_compare: Compare, name: str) -> None:
    keys, seen = KEYS[name]
    assert snap_compare(StageApp(), terminal_size=(80, 24), run_before=pressed(*keys, seen=seen))


FROM_LAYERS = {
    "waste": (("w",), "hidden by later layers"),
    "file": (("tab", "G", "enter"), "-rw"),
    "big": (("v", "f", "f", "f", "f"), "only big"),
    "compare": (("equals_sign", "slash", *"alpine", "enter", "enter"), "only in the second"),
}


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", FROM_LAYERS)
def test_from_layers(snap_compare: Compare, name: str, size: tuple[int, int]) -> None:
    keys, seen = FROM_LAYERS[name]

    async def before(pilot: Pilot[int]) -> None:
        await pressed("2", "slash", *"team/api:1.4.2", "enter", "L", seen="efficiency")(pilot)
        app = pilot.app
        assert isinstance(app, StageApp)
        for key in keys:
            await pilot.press(key)
            await settle(pilot)
        await until(pilot, lambda: seen in text_of(app), seen)
        await settle(pilot)

    assert snap_compare(StageApp(), terminal_size=size, run_before=before)


def test_no_daemon(snap_compare: Compare) -> None:
    attempts = (
        Attempt(
            Endpoint("unix:///var/run/docker.sock", "default socket"),
            "permission denied: Permission denied",
            "join the group docker: sudo usermod -aG docker $USER, then log in again",
        ),
        Attempt(
            Endpoint("unix:///run/user/1000/docker.sock", "rootless Docker"),
            "no socket: No such file or directory",
            "is the Docker daemon running on this machine?",
        ),
    )
    environment = {"HOME": "/home/ada", "XDG_RUNTIME_DIR": "/run/user/1000"}

    class NoDaemon(StageApp):
        async def connect(self, endpoint: Endpoint | None = None) -> None:
            await self.push_screen(ConnectScreen(attempts))

    app = NoDaemon(replace(Settings(), demo=False))
    app.environment = environment

    async def before(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "permission denied" in text_of(app))
        await settle(pilot)

    assert snap_compare(app, terminal_size=(80, 24), run_before=before)


HOSTS = (
    (Host("default", "default", "default", "unix:///var/run/docker.sock", "docker's default socket", link="local"),
     Probe("no socket", reason="no socket: No such file or directory", hint="is the Docker daemon running?")),
    (Host("a", "context", "prod-1", "tcp://10.0.0.5:2376", "docker context", "the shop", "TLS", current=True),
     Probe("answers", "28.5.2+dfsg4", "1.51", 0.0031)),
    (Host("b", "context", "staging", "ssh://deploy@staging.example", "docker context", "", "ssh"),
     Probe("ssh asks", reason="ssh asks: a password", hint="connect to it and answer there")),
    (Host("c", "context", "old", "tcp://old.example:2375", "docker context", "a machine in the cellar", "plain"),
     Probe("answers", "20.10.24", "1.41", 0.31)),
    (Host("d", "context", "odd", "", "docker context", problem="meta.json: no docker endpoint"), None),
    (Host("e", "socket", "rootless Podman", "unix:///run/user/1000/podman/podman.sock", "found", link="local"),
     Probe("permission denied", reason="permission denied: Permission denied", hint="run hythe as its user")),
)  # fmt: skip
"""Hosts in every state, with what each says."""


def hosts_app(*, ascii: bool = False) -> StageApp:
    """The app with settings that treat some of those hosts."""
    hosts = {
        "production": HostSettings("production", context="prod-1", color="error", guarded=True, read_only=True),
        "old": HostSettings("old", color="warning"),
    }
    app = StageApp(Settings(hosts=hosts, groups={"shop": ("prod-1", "staging")}, ascii=ascii))
    app.environment = {"HOME": "/home/ada", "DOCKER_CONFIG": "/home/ada/.docker"}
    return app


async def open_hosts(pilot: Pilot[int]) -> None:
    """Bring the hosts screen up, every host asked, with the cursor on the first context."""
    answers = {host.url: probe for host, probe in HOSTS if probe is not None}
    answers["tcp://10.0.0.5:2375"] = Probe(
        "refused", reason="refused: Connection refused", hint="nothing listens there"
    )

    async def prober(endpoint: Endpoint) -> Probe:
        return answers[endpoint.url]

    def find(*_: object) -> Listing:
        return Listing(tuple(Found(host, Endpoint(host.url, "") if probe else None) for host, probe in HOSTS))

    app = pilot.app
    assert isinstance(app, StageApp)
    await dashboard(pilot)
    app.open_screen("hosts", prober=prober, find=find, now=lambda: 0.0)
    await until(pilot, lambda: text_of(app).count("answers") == 2, "every answer")
    await pilot.press("g", "j")
    await settle(pilot)


@pytest.mark.parametrize("size", [SIZES["80x24"], SIZES["120x40"]], ids=["80x24", "120x40"])
def test_hosts(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(hosts_app(), terminal_size=size, run_before=open_hosts)


def test_hosts_in_ascii(snap_compare: Compare) -> None:
    assert snap_compare(hosts_app(ascii=True), terminal_size=(80, 24), run_before=open_hosts)


def test_context_form(snap_compare: Compare) -> None:
    async def before(pilot: Pilot[int]) -> None:
        await open_hosts(pilot)
        await pilot.press("n", *"web", "tab", *"the shop", "tab", *"tcp://10.0.0.5:2375", "f5")
        app = pilot.app
        assert isinstance(app, StageApp)
        await until(pilot, lambda: "Connection refused" in text_of(app), "what came of trying")
        await settle(pilot)

    assert snap_compare(hosts_app(), terminal_size=(80, 24), run_before=before)
