"""The hosts screen and the form of a context under a pilot's fingers: on demo engines, and on a store of their own."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import cast

import pytest
from stage import START_NS, StageApp, text_of, until
from textual.pilot import Pilot
from textual.widgets import Input

from tui.demo.clock import ManualClock
from tui.demo.server import serve_demo
from tui.engine.connect import Attempt, Found
from tui.engine.context_store import ContextStore, folder_of
from tui.engine.endpoint import Endpoint
from tui.jobs.job import Job
from tui.model.context_spec import ContextSpec
from tui.model.hosts import HostRow, Probe
from tui.screens.connect import ConnectScreen
from tui.screens.context_form import ContextFormScreen
from tui.screens.dashboard import DashboardScreen
from tui.screens.hosts import HostsScreen
from tui.settings import HostSettings, Settings
from widgets.dialogs import ConfirmDialog

TLS = Path(__file__).parent.parent / "unit" / "data" / "tls"
CA, CERT, KEY = (str(TLS / name) for name in ("ca.pem", "cert.pem", "key.pem"))
SIZE = (120, 40)


class Hosts:
    """What hosts answer, by their URL: a probe at once, or one that a test gives later; any other is refused."""

    def __init__(self) -> None:
        self.answers: dict[str, Probe | asyncio.Future[Probe]] = {}
        self.asked: list[str] = []

    async def ask(self, endpoint: Endpoint) -> Probe:
        self.asked.append(endpoint.url)
        answer = self.answers.get(endpoint.url, Probe("refused", reason="refused: Connection refused", hint="start it"))
        return answer if isinstance(answer, Probe) else await answer


class HostsApp(StageApp):
    """StageApp with a docker configuration of its own, on a machine where nothing else listens."""

    def __init__(self, folder: Path, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self.environment = {"HOME": str(folder), "DOCKER_CONFIG": str(folder / "docker")}
        self.store = ContextStore.of(self.environment)
        self.hosts = Hosts()


@pytest.fixture(autouse=True)
def nothing_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.engine.hosts.well_known", lambda _env: [])


@asynccontextmanager
async def hosts_screen(app: HostsApp, size: tuple[int, int] = SIZE) -> AsyncIterator[tuple[Pilot[int], HostsScreen]]:
    """Run the app with the hosts screen in front, its rows there."""
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen), "the dashboard")
        await until(pilot, lambda: app.session is not None and app.session.state.condition.is_live, "a live feed")
        app.open_screen("hosts", prober=app.hosts.ask, now=lambda: 0.0)
        await until(pilot, lambda: isinstance(app.screen, HostsScreen) and app.screen.is_mounted, "the hosts screen")
        screen = cast("HostsScreen", app.screen)
        await until(pilot, lambda: screen.table.total_count > 0, "the rows")
        yield pilot, screen


def row_of(screen: HostsScreen, name: str) -> HostRow:
    return next(row for row in screen.rows.values() if row.title == name)


async def go_to(pilot: Pilot[int], screen: HostsScreen, name: str) -> None:
    """Put the cursor on a host."""
    await until(pilot, lambda: screen.table.move_to(row_of(screen, name).host.key), name)


async def form(pilot: Pilot[int], key: str) -> ContextFormScreen:
    """Open the form of a context."""
    await pilot.press(key)
    app = pilot.app
    await until(pilot, lambda: isinstance(app.screen, ContextFormScreen) and app.screen.is_mounted, "the form")
    return cast("ContextFormScreen", app.screen)


def fill(screen: ContextFormScreen, **values: str) -> None:
    """Type into fields, all at once."""
    for name, value in values.items():
        screen.form.field(name).query_one(Input).value = value


def sees(app: HostsApp, text: str) -> bool:
    return text in text_of(app)


def lines_of(app: HostsApp) -> list[tuple[str, str]]:
    return [(entry.line, entry.outcome) for entry in app.history]


# what is seen


@pytest.mark.parametrize("size", [(200, 60), (120, 40), (80, 24), (40, 10)], ids=str)
async def test_each_host_with_its_state(tmp_path: Path, size: tuple[int, int]) -> None:
    app = HostsApp(tmp_path)
    app.store.create(ContextSpec("alive", "words", "tcp://alive:2375"))
    app.store.create(ContextSpec("dead", "", "unix:///nowhere"))
    app.hosts.answers["tcp://alive:2375"] = Probe("answers", "28.5.2+x", "1.51", 0.0021)
    async with hosts_screen(app, size) as (pilot, _screen):
        words = ("refused", "answers", "demo engine")
        await until(pilot, lambda: all(word in text_of(app) for word in words), "every host")
        if size[0] >= 80:
            parts = ("28.5.2 ", "2.1ms", "plain", "tcp://alive:2375")
            lines = [f" alive .*{re.escape(part)}" for part in parts]
            await until(pilot, lambda: all(re.search(line, text_of(app)) for line in lines), "what it said")


async def test_a_host_that_never_answers_holds_up_nothing(tmp_path: Path) -> None:
    app = HostsApp(tmp_path)
    app.store.create(ContextSpec("alive", "", "tcp://alive:1"))
    app.store.create(ContextSpec("silent", "", "tcp://silent:1"))
    async with hosts_screen(app) as (pilot, screen):
        silent = app.hosts.answers["tcp://silent:1"] = asyncio.get_running_loop().create_future()
        await pilot.press("f5")
        await until(pilot, lambda: "asking 1" in text_of(app))
        await go_to(pilot, screen, "alive")
        await pilot.press("j")
        assert screen.table.cursor_row is not None
        assert screen.table.cursor_row.title == "silent"
        silent.set_result(Probe("timed out", reason="no answer within 8 s", hint="a firewall"))
        await until(pilot, lambda: "▲ timed out: no answer within 8 s" in text_of(app))
        assert "a firewall" in text_of(app)


async def test_asking_again(tmp_path: Path) -> None:
    app = HostsApp(tmp_path)
    app.store.create(ContextSpec("moody", "", "tcp://moody:1"))
    async with hosts_screen(app) as (pilot, screen):
        await go_to(pilot, screen, "moody")
        await until(pilot, lambda: "✗ refused: Connection refused" in text_of(app))
        app.hosts.answers["tcp://moody:1"] = Probe("answers", "28.0.0", "1.48", 0.1)
        await pilot.press("f5")
        await until(pilot, lambda: "● answers: Engine 28.0.0" in text_of(app))


async def test_asking_by_itself_leaves_ssh_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = HostsApp(tmp_path)
    app.store.create(ContextSpec("near", "", "tcp://near:1"))
    app.store.create(ContextSpec("far", "", "ssh://far"))
    # whatever becomes of an address of ssh
    monkeypatch.setattr(
        "tui.engine.hosts.context_endpoint",
        lambda name, *_: Endpoint("ssh://far" if name == "far" else "tcp://near:1", "test", name),
    )
    async with hosts_screen(app) as (pilot, screen):
        await until(pilot, lambda: {"tcp://near:1", "ssh://far"} <= set(app.hosts.asked))
        app.hosts.asked.clear()
        screen.ask_near()
        await until(pilot, lambda: "tcp://near:1" in app.hosts.asked)
        await pilot.pause()
        assert "ssh://far" not in app.hosts.asked
        await pilot.press("f5")
        await until(pilot, lambda: "ssh://far" in app.hosts.asked)


async def test_what_other_programs_do_is_seen(tmp_path: Path) -> None:
    app = HostsApp(tmp_path)
    async with hosts_screen(app) as (pilot, screen):
        assert "theirs" not in text_of(app)
        app.store.create(ContextSpec("theirs", "", "tcp://theirs:1"))
        screen.look()
        await until(pilot, lambda: "theirs" in text_of(app) and "tcp://theirs:1" in app.hosts.asked)
        app.store.use("theirs")
        screen.look()
        await until(pilot, lambda: row_of(screen, "theirs").host.current)


async def test_settings_give_name_colour_guards_and_groups(tmp_path: Path) -> None:
    hosts = {
        "production": HostSettings("production", context="prod-1", color="error", guarded=True),
        "lan": HostSettings("lan", url="tcp://10.0.0.9:2375", read_only=True),
        "all": HostSettings("all", context="prod-*", read_only=True),
    }
    app = HostsApp(tmp_path, Settings(hosts=hosts, groups={"web": ("prod-1", "x"), "rest": ("lan",)}))
    app.store.create(ContextSpec("prod-1", "", "tcp://one:1"))
    app.store.create(ContextSpec("prod-2", "", "tcp://two:1"))
    async with hosts_screen(app, (200, 60)) as (pilot, screen):
        await until(pilot, lambda: "read-only, guarded" in text_of(app))
        found = row_of(screen, "production")
        assert (found.host.name, found.tone, found.groups) == ("prod-1", "bad", ("web",))
        assert (row_of(screen, "prod-2").read_only, row_of(screen, "prod-2").guarded) == (True, False)
        lan = row_of(screen, "lan")
        assert (lan.host.kind, lan.groups) == ("named", ("rest",))


HOSTILE = ["[/]", "[@click=app.quit]x[/]", "\x1b]52;c;AAAA\x07", "\u202egnp.exe", "line\nbreak", "x" * 10_000]


async def test_hostile_texts_are_drawn_literally(tmp_path: Path) -> None:
    app = HostsApp(tmp_path)
    for number, text in enumerate(HOSTILE):
        path = app.store.folder / "contexts/meta" / folder_of(text) / "meta.json"
        path.parent.mkdir(parents=True)
        host = {"Host": f"tcp://h{number}:1"}
        path.write_text(json.dumps({"Name": text, "Metadata": {"Description": text}, "Endpoints": {"docker": host}}))
        app.hosts.answers[f"tcp://h{number}:1"] = Probe("refused", reason=text, hint=text)
    async with hosts_screen(app) as (pilot, screen):
        assert screen.table.total_count == len(HOSTILE) + 2
        await until(pilot, lambda: text_of(app).count("✗ refused") == 7)
        for _ in range(screen.table.total_count):
            await pilot.press("j")
            shown = text_of(app)
            assert not any(char in shown for char in "\x1b\x07\u202e")
        assert "[@click=app" in text_of(app)


# changing to another host


@asynccontextmanager
async def engines(names: tuple[str, ...]) -> AsyncIterator[dict[str, str]]:
    """Demo engines of their own, and their URLs by name."""
    async with AsyncExitStack() as stack:
        urls: dict[str, str] = {}
        for seed, name in enumerate(names):
            served = serve_demo(seed=seed, containers=3, clock=ManualClock(START_NS))
            urls[name] = f"unix://{await stack.enter_async_context(served)}"
        yield urls


async def test_enter_changes_to_the_host(tmp_path: Path) -> None:
    app = HostsApp(tmp_path)
    async with engines(("other",)) as urls:
        app.store.create(ContextSpec("other", "", urls["other"]))
        app.hosts.answers[urls["other"]] = Probe("answers", "1", "1.41", 0.001)
        async with hosts_screen(app) as (pilot, screen):
            assert row_of(screen, "demo engine").in_use
            await go_to(pilot, screen, "other")
            await pilot.press("enter")

            def there() -> bool:
                return app.session is not None and app.session.engine.endpoint.url == urls["other"]

            await until(pilot, there, "the other host")
            await until(pilot, lambda: isinstance(app.screen, DashboardScreen), "its dashboard")
            assert app.session is not None
            assert app.session.name == "other"
            assert len(app.screen_stack) == 2


async def test_enter_on_a_dead_host_stays_and_says_why(tmp_path: Path) -> None:
    app = HostsApp(tmp_path)
    app.store.create(ContextSpec("dead", "", "tcp://dead:1"))
    async with hosts_screen(app) as (pilot, screen):
        before = app.session
        await go_to(pilot, screen, "dead")
        await pilot.press("enter")
        await until(pilot, lambda: "dead: refused: Connection refused" in text_of(app), "why")
        assert app.screen is screen
        assert app.session is before
        assert before is not None
        assert before.state.condition.is_live


async def test_enter_on_the_host_in_use_goes_back_to_it(tmp_path: Path) -> None:
    app = HostsApp(tmp_path)
    async with hosts_screen(app) as (pilot, screen):
        before = app.session
        await go_to(pilot, screen, "demo engine")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen))
        assert app.session is before


async def test_the_host_that_was_chosen_last_is_changed_to(tmp_path: Path) -> None:
    app = HostsApp(tmp_path)
    async with engines(("slow", "quick")) as urls:
        for name, url in urls.items():
            app.store.create(ContextSpec(name, "", url))
            app.hosts.answers[url] = Probe("answers", "1", "1.41", 0.001)
        async with hosts_screen(app) as (pilot, screen):
            await until(pilot, lambda: text_of(app).count("● answers") == 2)
            gates = {name: asyncio.get_running_loop().create_future() for name in urls}
            app.hosts.answers |= {urls[name]: gate for name, gate in gates.items()}
            app.hosts.asked.clear()
            for name in ("slow", "quick"):
                await go_to(pilot, screen, name)
                await pilot.press("enter")
                await until(pilot, partial(app.hosts.asked.__contains__, urls[name]), f"a question to {name}")
            gates["slow"].set_result(Probe("answers", "late", "1.41", 9.0))
            await until(pilot, lambda: "late" in text_of(app))
            assert app.screen is screen
            gates["quick"].set_result(Probe("answers", "1", "1.41", 0.1))
            await until(pilot, lambda: isinstance(app.screen, DashboardScreen), "the dashboard")
            assert app.session is not None
            assert app.session.name == "quick"


async def test_marked_hosts_stand_in_one_table(tmp_path: Path) -> None:
    app = HostsApp(tmp_path)
    async with engines(("one", "two")) as urls:
        for name, url in urls.items():
            app.store.create(ContextSpec(name * 2, "", url))
        async with hosts_screen(app) as (pilot, screen):
            await go_to(pilot, screen, "oneone")
            await pilot.press("space", "space", "enter")
            await until(pilot, lambda: app.many_hosts and isinstance(app.screen, DashboardScreen), "both hosts")
            assert app.fleet is not None
            assert [session.name for session in app.fleet.sessions] == ["oneone", "twotwo"]


class Waits(Job):
    """A job that never ends by itself."""

    async def work(self) -> None:
        await asyncio.Event().wait()


async def test_jobs_under_way_are_asked_about(tmp_path: Path) -> None:
    app = HostsApp(tmp_path)
    app.store.create(ContextSpec("other", "", "tcp://other:1"))
    app.hosts.answers["tcp://other:1"] = Probe("answers", "1", "1.41", 0.001)
    async with hosts_screen(app) as (pilot, screen):
        session = app.session
        assert session is not None
        job = Waits("building shop", "docker build")
        session.jobs.start(job)
        await go_to(pilot, screen, "other")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog), "the question")
        assert "cancel 1 job?" in text_of(app)
        assert "building shop" in text_of(app)
        await pilot.press("n")
        await until(pilot, lambda: app.screen is screen)
        assert (job.state, app.session) == ("running", session)


# docker's contexts


async def test_a_new_context_by_keys(tmp_path: Path) -> None:
    app = HostsApp(tmp_path)
    app.hosts.answers["tcp://new:2375"] = Probe("answers", "28", "1.51", 0.001)
    async with hosts_screen(app) as (pilot, screen):
        form_screen = await form(pilot, "n")
        await pilot.press(*"new", "tab", *"words", "tab", *"tcp://new:2375")
        line = "docker context create --description words --docker host=tcp://new:2375 new"
        await until(pilot, lambda: line in text_of(app), line)
        assert "neither encrypted nor authenticated" in text_of(app)
        await pilot.press("f2")
        await until(pilot, lambda: app.screen is screen, "the hosts")
        assert app.store.contexts()[0].spec == ContextSpec("new", "words", "tcp://new:2375")
        await until(pilot, lambda: "● answers: Engine 28" in text_of(app), "the cursor on it, and its state")
        assert lines_of(app) == [(line, "ok")]
        assert not form_screen.is_open


async def test_the_address_of_a_host_that_is_no_context_is_taken_over(tmp_path: Path) -> None:
    app = HostsApp(tmp_path, Settings(hosts={"lan": HostSettings("lan", url="tcp://10.0.0.9:2375")}))
    async with hosts_screen(app) as (pilot, screen):
        await go_to(pilot, screen, "lan")
        form_screen = await form(pilot, "n")
        assert form_screen.form.values()["host"] == "tcp://10.0.0.9:2375"
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        assert app.store.contexts() == []


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"name": "a/b"}, "name", "two or more"),
        ({"name": "taken"}, "name", "already exists"),
        ({"host": "ftp://x"}, "host", "not one of"),
        ({"ca": "/nowhere/ca.pem"}, "ca", "no such file"),
        ({"ca": KEY}, "ca", "holds a private key"),
        ({"cert": CERT}, "key", "needs the private key"),
        ({"cert": CERT, "key": str(TLS / "other-key.pem")}, "key", "not the key"),
        ({"ca": CA, "host": "ssh://me@h"}, "ca", "no use for them"),
    ],
    ids=str,
)
async def test_what_is_wrong_is_told_at_its_field(
    tmp_path: Path, values: dict[str, str], field: str, words: str
) -> None:
    app = HostsApp(tmp_path)
    app.store.create(ContextSpec("taken", "", "tcp://h:1"))
    async with hosts_screen(app) as (pilot, _screen):
        form_screen = await form(pilot, "n")
        fill(form_screen, **({"name": "fine", "host": "tcp://h:2376"} | values))
        await pilot.pause()
        await pilot.press("f2")
        await until(pilot, lambda: words in (form_screen.form.field(field).error or ""), words)
        assert app.screen is form_screen
        assert [stored.name for stored in app.store.contexts()] == ["taken"]


async def test_trying_keeps_nothing_and_says_what_the_host_says(tmp_path: Path) -> None:
    app = HostsApp(tmp_path)
    async with hosts_screen(app) as (pilot, _screen):
        form_screen = await form(pilot, "n")
        await pilot.press("f5")
        await until(pilot, lambda: "needs the address" in (form_screen.form.field("host").error or ""))
        fill(form_screen, host="tcp://h:2375")
        await pilot.press("f5")
        await until(pilot, lambda: "✗ refused: Connection refused" in text_of(app), "why not")
        assert "start it" in text_of(app)
        app.hosts.answers["tcp://h:2375"] = Probe("answers", "28.5.2", "1.51", 0.001)
        await pilot.press("f5")
        await until(pilot, lambda: "● answers: Engine 28.5.2, API 1.51, a ping takes 1ms" in text_of(app), "the answer")
        fill(form_screen, host="tcp://i:2375")
        await until(pilot, lambda: "● answers: Engine" not in text_of(app), "no answer of another address")
        fill(form_screen, host="tcp://h:2376", cert=CERT)
        await pilot.press("f5")
        await until(pilot, lambda: "the client certificate needs the private key" in text_of(app))
        assert app.store.contexts() == []
        assert lines_of(app) == []


async def test_an_edit_shows_what_is_stored_and_writes_what_differs(tmp_path: Path) -> None:
    app = HostsApp(tmp_path)
    app.store.create(ContextSpec("prod", "old words", "tcp://h:2376", CA, CERT, KEY))
    async with hosts_screen(app) as (pilot, screen):
        await go_to(pilot, screen, "prod")
        form_screen = await form(pilot, "e")
        values = form_screen.form.values()
        assert (values["description"], values["host"]) == ("old words", "tcp://h:2376")
        assert str(values["key"]).endswith("/docker/key.pem")
        assert "docker context" not in text_of(app)
        fill(form_screen, description="new words")
        line = "docker context update --description 'new words' prod"
        await until(pilot, lambda: line in text_of(app), line)
        await pilot.press("f2")
        await until(pilot, lambda: app.screen is screen)
        (stored,) = app.store.contexts()
        assert (stored.spec.description, stored.has_tls) == ("new words", True)
        assert lines_of(app) == [(line, "ok")]


async def test_an_edit_of_what_another_changed_keeps_the_form(tmp_path: Path) -> None:
    app = HostsApp(tmp_path)
    app.store.create(ContextSpec("prod", "old", "tcp://h:1"))
    async with hosts_screen(app) as (pilot, screen):
        await go_to(pilot, screen, "prod")
        form_screen = await form(pilot, "e")
        (stored,) = app.store.contexts()
        app.store.update(stored, ContextSpec("prod", "theirs", "tcp://h:1"))
        fill(form_screen, description="ours")
        await pilot.press("f2")
        await until(pilot, lambda: "changed meanwhile by another program" in text_of(app), "why not")
        assert app.screen is form_screen
        assert form_screen.form.values()["description"] == "ours"
        assert app.store.contexts()[0].spec.description == "theirs"
        assert [outcome for _, outcome in lines_of(app)] == ["failed"]


async def test_an_edit_that_changes_nothing_writes_nothing(tmp_path: Path) -> None:
    app = HostsApp(tmp_path)
    app.store.create(ContextSpec("prod", "", "npipe:////./pipe/docker"))
    async with hosts_screen(app) as (pilot, screen):
        await go_to(pilot, screen, "prod")
        await form(pilot, "e")
        await pilot.press("f2")
        await until(pilot, lambda: app.screen is screen)
        assert lines_of(app) == []


async def test_the_current_context_is_docker_s_own_setting(tmp_path: Path) -> None:
    app = HostsApp(tmp_path)
    app.store.create(ContextSpec("prod", "", "tcp://h:1"))
    config = app.store.folder / "config.json"
    config.write_text('{"auths": {"r": {}}}')
    async with hosts_screen(app) as (pilot, screen):
        await go_to(pilot, screen, "prod")
        await pilot.press("u")
        await until(pilot, lambda: row_of(screen, "prod").host.current)
        assert json.loads(config.read_text()) == {"auths": {"r": {}}, "currentContext": "prod"}
        await go_to(pilot, screen, "default")
        await pilot.press("u")
        await until(pilot, lambda: row_of(screen, "default").host.current)
        assert json.loads(config.read_text()) == {"auths": {"r": {}}}
        assert lines_of(app) == [("docker context use default", "ok"), ("docker context use prod", "ok")]


async def test_a_broken_config_json_is_told_and_left_alone(tmp_path: Path) -> None:
    app = HostsApp(tmp_path)
    app.store.create(ContextSpec("prod", "", "tcp://h:1"))
    config = app.store.folder / "config.json"
    config.write_text('{"auths": ')
    async with hosts_screen(app) as (pilot, screen):
        await until(pilot, lambda: "config.json" in text_of(app), "the problem above the rows")
        await go_to(pilot, screen, "prod")
        await pilot.press("u")
        await until(pilot, lambda: "it was left as it is" in text_of(app), "why not")
        assert config.read_text() == '{"auths": '
        assert lines_of(app) == [("docker context use prod", "failed")]


@pytest.mark.parametrize("guarded", [False, True])
async def test_removal_asks_and_of_a_guarded_host_wants_the_name(tmp_path: Path, guarded: bool) -> None:
    hosts = {"prod": HostSettings("prod", guarded=guarded)}
    app = HostsApp(tmp_path, Settings(hosts=hosts))
    app.store.create(ContextSpec("prod", "", "tcp://h:2376", CA, CERT, KEY))
    app.store.use("prod")
    async with hosts_screen(app) as (pilot, screen):
        await go_to(pilot, screen, "prod")
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog), "the question")
        assert "Remove 1 context?" in text_of(app)
        assert "docker goes back to the default one" in text_of(app)
        assert "their TLS files go too" in text_of(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        assert len(app.store.contexts()) == 1
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog), "the question again")
        await pilot.press(*((*"prod", "enter") if guarded else ("y",)))
        await until(pilot, lambda: app.store.contexts() == [], "its end")
        await until(pilot, lambda: "tcp://h:2376" not in text_of(app))
        assert app.store.current() == "default"
        assert lines_of(app) == [("docker context rm --force prod", "ok")]


async def test_a_broken_context_can_be_removed(tmp_path: Path) -> None:
    app = HostsApp(tmp_path)
    path = app.store.folder / "contexts/meta" / ("0" * 64) / "meta.json"
    path.parent.mkdir(parents=True)
    path.write_text("{")
    async with hosts_screen(app) as (pilot, screen):
        await go_to(pilot, screen, "0" * 12)
        assert "can't be used" in text_of(app)
        await pilot.press("e")
        await until(pilot, lambda: "edit the context:" in text_of(app), "why it can't be edited")
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog))
        await pilot.press("y")
        await until(pilot, lambda: not path.exists())
        assert lines_of(app) == [(f"rm -r {path.parent}", "ok")]


@pytest.mark.parametrize("key", ["e", "d"])
async def test_the_default_context_is_docker_s(tmp_path: Path, key: str) -> None:
    app = HostsApp(tmp_path)
    async with hosts_screen(app) as (pilot, screen):
        await go_to(pilot, screen, "default")
        await pilot.press(key)
        await until(pilot, lambda: "default is no entry" in text_of(app), "why not")
        assert app.screen is screen


async def test_copying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = HostsApp(tmp_path)
    app.store.create(ContextSpec("prod", "", "tcp://h:1"))
    copied: list[str] = []
    monkeypatch.setattr(app, "copy_to_clipboard", copied.append)
    async with hosts_screen(app) as (pilot, screen):
        await go_to(pilot, screen, "prod")
        await pilot.press("y")
        await until(pilot, lambda: "hythe --context prod" in text_of(app), "the menu")
        await pilot.press("slash", *"current", "enter")
        await until(pilot, lambda: copied == ["docker context use prod"])


async def test_filter_sort_and_marks_are_those_of_other_tables(tmp_path: Path) -> None:
    app = HostsApp(tmp_path)
    for name in ("bb", "aa", "cc"):
        app.store.create(ContextSpec(name, "", f"tcp://{name}:1"))
    async with hosts_screen(app) as (pilot, screen):
        await pilot.press("slash", *"tcp", "enter")
        assert screen.table.shown_count == 3
        await pilot.press("o")
        await until(pilot, lambda: "Sort by" in text_of(app))
        await pilot.press("slash", *"host", "enter", "asterisk")
        await until(pilot, lambda: "3 marked" in text_of(app))
        assert screen.table.sort == ("url", False)
        await pilot.press("escape")
        assert not screen.table.marks
        await pilot.press("escape")
        assert not screen.table.filter_text
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen))


async def test_without_any_host_contexts_can_be_made(tmp_path: Path) -> None:
    class NoDaemon(HostsApp):
        async def connect(self, endpoint: Endpoint | None = None) -> None:
            await self._show_failure(Found(None, None, (Attempt(Endpoint("unix:///x", "test"), "no socket"),)))

    app = NoDaemon(tmp_path)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ConnectScreen) and app.screen.is_mounted)
        await pilot.press("D")
        await until(pilot, lambda: isinstance(app.screen, HostsScreen), "the hosts")
        screen = cast("HostsScreen", app.screen)
        await until(pilot, lambda: screen.table.total_count > 0)
        form_screen = await form(pilot, "n")
        fill(form_screen, name="first", host="tcp://127.0.0.1:1")
        await pilot.pause()
        await pilot.press("f2")
        await until(pilot, lambda: [stored.name for stored in app.store.contexts()] == ["first"])
        await until(pilot, lambda: app.screen is screen)
        for key, seen in (("H", "docker context create"), ("question_mark", "On hosts"), ("J", "no jobs yet")):
            await pilot.press(key)
            await until(pilot, partial(sees, app, seen), seen)
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is screen)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ConnectScreen))
