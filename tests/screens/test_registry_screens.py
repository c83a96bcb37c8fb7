"""Pull, the transfer screen, registries and what is in them, jobs: as a user presses through them."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from stage import StageApp, dashboard, text_of, until
from textual.pilot import Pilot

from fake_registry import FakeRegistry, fake_registry
from tui.engine.registries import LoggedIn
from tui.jobs import newer
from tui.jobs.job import Job
from tui.screens.jobs import JobsScreen
from tui.screens.transfer import TransferScreen
from tui.settings import Settings


@pytest.fixture(autouse=True)
def docker_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "docker"
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    return folder


def staged(pilot: Pilot[int]) -> StageApp:
    assert isinstance(pilot.app, StageApp)
    return pilot.app


async def seen(pilot: Pilot[int], *words: str) -> None:
    app = staged(pilot)
    await until(pilot, lambda: all(word in text_of(app) for word in words), f"{words} in\n{text_of(app)}")


async def typed(pilot: Pilot[int], text: str) -> None:
    for character in text:
        await pilot.press({":": "colon", "/": "slash", ".": "full_stop", "-": "minus"}.get(character, character))


@pytest.mark.parametrize("size", [(80, 24), (40, 14)])
async def test_a_pull_from_the_form_to_its_end(size: tuple[int, int]) -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await dashboard(pilot)
        await pilot.resize_terminal(*size)
        await pilot.press("2", "P")
        await seen(pilot, "pull an image", "Reference")
        await pilot.press("ctrl+u")  # the reference of the image under the cursor stands there
        await typed(pilot, "Ubuntu")
        await seen(pilot, "must be lower")
        await pilot.press("ctrl+u")
        await typed(pilot, "ubuntu:24.04")
        await seen(pilot, "$ docker pull ubuntu:24.04")
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, TransferScreen), "the transfer")
        (job,) = screen.session.jobs
        while job.state == "running":
            await app.clock.advance(0.1)
            await pilot.pause(0.01)
        assert (job.state, job.error) == ("done", "")
        await seen(pilot, "done", "Status: Downloaded")
        await pilot.press("q")
        assert app.screen is screen
        assert [(entry.line, entry.outcome) for entry in screen.session.history] == [("docker pull ubuntu:24.04", "ok")]
        await until(pilot, lambda: any("ubuntu:24.04" in i.tags for i in screen.session.state.images.values()))


async def test_a_pull_is_cancelled() -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await dashboard(pilot)
        await pilot.press("2", "P")
        await seen(pilot, "pull an image")
        await pilot.press("ctrl+u")  # the reference of the image under the cursor stands there
        await typed(pilot, "ubuntu:24.04")
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, TransferScreen), "the transfer")
        await pilot.press("x")
        await seen(pilot, "cancelled")
        assert not screen.session.jobs.running


async def test_nothing_is_pulled_on_a_host_that_is_read_only() -> None:
    app = StageApp(Settings(read_only=True))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await dashboard(pilot)
        await pilot.press("2", "P")
        await seen(pilot, "read-only")
        assert app.screen is screen


async def test_a_daemon_without_any_image_can_pull() -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await dashboard(pilot)
        await pilot.press("2", "slash")
        await typed(pilot, "no-such-image")
        await pilot.press("enter")
        await seen(pilot, "filter: no-such-image")
        await pilot.press("P")
        await seen(pilot, "pull an image", "Reference")


async def open_tags(pilot: Pilot[int], fake: FakeRegistry) -> None:
    await dashboard(pilot)
    await pilot.press("I")
    await seen(pilot, "registries", "docker.io", "not from the daemon's")
    await pilot.press("a")
    await seen(pilot, "Look into a registry")
    await typed(pilot, fake.host)
    await pilot.press("enter")
    await seen(pilot, f"repositories of {fake.host}", "app")
    await pilot.press("enter")
    await seen(pilot, "tags of")


async def test_a_registry_is_looked_into_and_a_tag_deleted() -> None:
    app = StageApp()
    async with fake_registry() as fake, app.run_test(size=(100, 24), notifications=True) as pilot:
        fake.image("1.9")
        fake.index("1.10")
        await open_tags(pilot, fake)
        await seen(pilot, "1.10", "linux/amd64, linux/arm64")
        await pilot.press("enter")
        await seen(pilot, "in the registry", "COPY a /", "in 2 layers")
        await pilot.press("q", "slash")
        await typed(pilot, "1.9")
        await pilot.press("enter")
        await seen(pilot, "1 of 2", "filter: 1.9")
        await pilot.press("d")
        await seen(pilot, "Delete from the registry?", ":1.9", "every tag that names it")
        await pilot.press("n")
        assert "1.9" in fake.tags
        await pilot.press("d")
        await seen(pilot, "Delete from the registry?")
        await pilot.press("y")
        await until(pilot, lambda: "1.9" not in fake.tags, "deleted")
        assert app.session is not None
        (entry,) = app.session.history
        assert entry.line.startswith(f"curl --request DELETE http://{fake.host}/v2/app/manifests/sha256:")
        assert entry.outcome == "ok"
        await pilot.press("escape")
        await until(pilot, lambda: "1.9" not in text_of(app), "gone from the list")


async def test_what_is_pulled_from_there_is_filled_in() -> None:
    app = StageApp()
    async with fake_registry() as fake, app.run_test(size=(100, 24), notifications=True) as pilot:
        fake.image("one")
        await open_tags(pilot, fake)
        await seen(pilot, "one", "linux/amd64")
        await pilot.press("P")
        await seen(pilot, f"$ docker pull {fake.host}/app:one")
        await pilot.press("escape", "enter")
        await seen(pilot, "in the registry")
        await pilot.press("P")
        await seen(pilot, f"$ docker pull {fake.host}/app:one")


async def test_nothing_is_changed_from_there_on_a_host_that_is_read_only() -> None:
    app = StageApp(Settings(read_only=True))
    async with fake_registry() as fake, app.run_test(size=(100, 24), notifications=True) as pilot:
        fake.image("one")
        await open_tags(pilot, fake)
        await seen(pilot, "one", "linux/amd64")
        await pilot.press("P")
        await seen(pilot, "pull an image from a", "read-only")
        await pilot.press("d")
        await seen(pilot, f"delete {fake.host}")
        assert "one" in fake.tags


async def test_a_registry_in_trouble_says_so_in_its_place() -> None:
    app = StageApp()
    async with (
        fake_registry(user="me", password="secret") as fake,
        app.run_test(size=(80, 24), notifications=True) as pilot,
    ):
        await dashboard(pilot)
        await pilot.press("I")
        await seen(pilot, "docker.io")
        await pilot.press("a")
        await typed(pilot, fake.host)
        await pilot.press("enter")
        await seen(pilot, "wants a name and a password", "log in")


@pytest.fixture
def broken_logins(docker_folder: Path) -> None:
    docker_folder.mkdir()
    (docker_folder / "config.json").write_text("{broken")


@pytest.mark.usefixtures("broken_logins")
async def test_registries_are_listed_beside_a_configuration_that_is_broken() -> None:
    app = StageApp()
    async with app.run_test(size=(100, 24), notifications=True) as pilot:
        await dashboard(pilot)
        await pilot.press("I")
        await seen(pilot, "repair or remove it", "docker.io", "tags here", "login not known")


async def test_a_login_is_kept_and_its_password_not_shown(docker_folder: Path) -> None:
    app = StageApp()
    async with app.run_test(size=(100, 24), notifications=True) as pilot:
        screen = await dashboard(pilot)
        await pilot.press("I")
        await seen(pilot, "docker.io")
        await pilot.press("L")
        await seen(pilot, "Registry: HOST")
        await pilot.press("enter")
        await seen(pilot, "Username")
        await typed(pilot, "me")
        await pilot.press("enter")
        await seen(pilot, "Password or access token")
        await typed(pilot, "hunter2")
        assert "hunter2" not in text_of(app)
        await pilot.press("enter")
        await seen(pilot, "Login Succeeded", "logged in, kept in")
        assert "https://index.docker.io/v1/" in json.loads((docker_folder / "config.json").read_text())["auths"]
        assert "hunter2" not in repr(list(screen.session.history))
        await pilot.press("O")
        await seen(pilot, "docker logout")
        assert json.loads((docker_folder / "config.json").read_text())["auths"] == {}


async def test_a_login_that_is_left_is_cancelled_in_the_history(monkeypatch: pytest.MonkeyPatch) -> None:
    app, asked = StageApp(), asyncio.Event()

    async def hang(*_given: object) -> LoggedIn:
        asked.set()
        await asyncio.Event().wait()
        return LoggedIn()

    async with app.run_test(size=(100, 24), notifications=True) as pilot:
        screen = await dashboard(pilot)
        monkeypatch.setattr(screen.session.engine.registries, "log_in", hang)
        await pilot.press("I")
        await seen(pilot, "docker.io")
        await pilot.press("L")
        await seen(pilot, "Registry: HOST")
        await pilot.press("enter")
        await seen(pilot, "Username")
        await pilot.press("m", "enter")
        await seen(pilot, "Password")
        await pilot.press("x", "enter")
        await asked.wait()
        await seen(pilot, "Log in to docker.io as m", "waiting for the daemon, which asks the registry", "esc gives up")
        await pilot.press("enter", "q")  # what was typed ahead gives nothing up
        await seen(pilot, "esc gives up")
        await pilot.press("escape")
        await seen(pilot, "given up, and no login", "registries")
        (entry,) = screen.session.history
        await until(pilot, lambda: entry.outcome == "cancelled", "the login is told to be cancelled")


async def test_docker_hub_is_searched_by_the_daemon() -> None:
    app = StageApp()
    async with app.run_test(size=(100, 24), notifications=True) as pilot:
        await dashboard(pilot)
        await pilot.press("I")
        await seen(pilot, "docker.io")
        await pilot.press("enter")
        await seen(pilot, "Search Docker Hub")
        await pilot.press("escape")
        await seen(pilot, "Docker Hub has too many to list: s searches it, a opens a repository by its name")
        assert "no repositories" not in text_of(app)
        await pilot.press("s")
        await seen(pilot, "Search Docker Hub")
        await typed(pilot, "postgres")
        await pilot.press("enter")
        await seen(pilot, "official", "bitnami/postgres", "the daemon asks it")


async def test_a_job_without_a_screen_of_its_own_is_told() -> None:
    class Short(Job):
        async def work(self) -> None:
            self.progress = "all of it"

    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await dashboard(pilot)
        screen.session.jobs.start(Short("a short one", "docker short"))
        await pilot.press("J")
        await until(pilot, lambda: isinstance(app.screen, JobsScreen), "the jobs")
        await seen(pilot, "a short one")
        await pilot.press("enter")
        await seen(pilot, "a short one: done", "$ docker short")


async def test_registries_are_asked_by_themselves_where_the_settings_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newer, "BETWEEN_SECONDS", 0)
    app = StageApp(Settings(check_newer=True))
    async with app.run_test(size=(100, 24), notifications=True) as pilot:
        screen = await dashboard(pilot)
        screen.check_newer()
        (job,) = screen.session.jobs
        await job.wait()
        assert job.state == "done"
        assert job.progress.startswith("nothing is newer")
        screen.check_newer()
        assert list(screen.session.jobs) == [job]  # not again so soon


async def test_dangling_images_alone() -> None:
    app = StageApp()
    async with app.run_test(size=(100, 24), notifications=True) as pilot:
        screen = await dashboard(pilot)
        await pilot.press("2", "z")
        await seen(pilot, "filter: dangling", "<none> dangling")
        shown = [screen.session.state.images[key] for key in screen.images.order]
        assert shown
        assert all(image.dangling for image in shown)
        await pilot.press("z")
        await until(pilot, lambda: "filter:" not in text_of(app), "all again")


@pytest.mark.parametrize("look", ["pull", "registries", "registries-ascii"])
def test_it_looks(snap_compare: Callable[..., bool], look: str) -> None:
    async def before(pilot: Pilot[int]) -> None:
        await dashboard(pilot)
        await pilot.press("2", "P" if look == "pull" else "I")
        await seen(pilot, "without a login" if look == "pull" else "quay.io")
        await pilot.pause()

    settings = Settings(ascii=look.endswith("ascii"))
    assert snap_compare(StageApp(settings), terminal_size=(80, 24), run_before=before)
