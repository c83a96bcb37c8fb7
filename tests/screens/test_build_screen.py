"""The build form and the screen of a build under a pilot's fingers, on the demo engine."""

import os
from pathlib import Path
from typing import cast

import pytest
from stage import StageApp, dashboard, text_of, until
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from tui.engine.build_context import open_context
from tui.jobs.build import BuildJob
from tui.jobs.build_ways import Plan
from tui.model.build import BuildLog, BuildState, BuildStep, BuildWarning, StepState, apply, apply_all
from tui.model.build_spec import BuildSpec
from tui.model.build_way import Way
from tui.model.log_record import Stream
from tui.screens.build import BuildScreen
from tui.screens.build_form import BuildFormScreen, ContextSuggester
from tui.screens.dashboard import DashboardScreen
from tui.screens.jobs import JobsScreen
from widgets.dialogs import ConfirmDialog
from widgets.fields import ListField
from widgets.log_view import LogView
from widgets.steps_view import StepsView

SIZE = (120, 40)
DOCKERFILE = "FROM busybox AS base\nARG WHO=world\nRUN echo hello\nFROM base AS final\nCOPY a.txt /\nRUN cat /a.txt\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A context that is the current folder."""
    root = tmp_path / "context"
    (root / "sub").mkdir(parents=True)
    (root / "Dockerfile").write_text(DOCKERFILE)
    (root / "a.txt").write_text("data\n")
    (root / "sub" / "Dockerfile.other").write_text("FROM busybox\n")
    (root / "big.bin").write_bytes(bytes(2_000_000))
    (root / "left.out").write_bytes(bytes(9_000_000))
    (root / ".dockerignore").write_text("*.out\n")
    monkeypatch.chdir(root)
    return root


async def open_form(pilot: Pilot[int]) -> BuildFormScreen:
    """Press b on the dashboard."""
    await dashboard(pilot)
    await pilot.press("b")
    return await the_form(pilot)


async def the_form(pilot: Pilot[int]) -> BuildFormScreen:
    app = pilot.app
    await until(pilot, lambda: isinstance(app.screen, BuildFormScreen) and app.screen.is_mounted, "the build form")
    return cast("BuildFormScreen", app.screen)


async def the_build(pilot: Pilot[int], state: str = "") -> BuildScreen:
    """Return the build's screen, once its job is in a state; the demo engine's time goes on meanwhile."""
    app = pilot.app
    assert isinstance(app, StageApp)
    await until(pilot, lambda: isinstance(app.screen, BuildScreen) and app.screen.is_mounted, "the build screen")
    screen = cast("BuildScreen", app.screen)
    while state and screen.job.state == "running":
        await app.clock.advance(0.5)
        await pilot.pause(0.01)
    assert not state or screen.job.state == state, screen.job.error
    return screen


def fill(screen: BuildFormScreen, name: str, value: str) -> None:
    """Type into a field, all at once."""
    field = screen.form.field(name)
    if isinstance(field, ListField):
        field.query_one(TextArea).load_text(value)
    else:
        field.query_one(Input).value = value


async def refused(pilot: Pilot[int], screen: BuildFormScreen, name: str) -> str:
    """Send, and return what is then said at the field; nothing was asked of the daemon."""
    asked = len(screen.session.history)
    await pilot.press("f2")
    await until(pilot, lambda: screen.form.field(name).error is not None, f"an error at {name}")
    assert len(screen.session.history) == asked
    assert pilot.app.screen is screen
    return screen.form.field(name).error or ""


@pytest.mark.parametrize("size", [SIZE, (80, 24)], ids=str)
async def test_it_opens_on_the_current_folder_and_tells_what_would_be_sent(folder: Path, size: tuple[int, int]) -> None:
    app = StageApp()
    async with app.run_test(size=size) as pilot:
        screen = await open_form(pilot)
        await until(pilot, lambda: "big.bin" in text_of(app), "the biggest file")
        shown = text_of(app)
        assert screen.form.values()["folder"] == str(folder)
        assert "2MB in 5 files, 1 folder" in shown
        assert "left.out" not in shown
        assert f"$dockerbuild{folder}" in "".join(shown.split())  # on a narrow screen it is wrapped
        assert screen.form.field("target").hint == "stages: base, final"
        assert screen.form.field("args").hint == "declared: WHO=world"


async def test_without_a_dockerfile_here_no_folder_is_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_form(pilot)
        assert screen.form.values()["folder"] == ""
        assert "missing" in await refused(pilot, screen, "folder")


async def test_what_is_wrong_is_said_at_its_field_before_anything_is_sent(folder: Path) -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_form(pilot)
        await until(pilot, lambda: "final" in screen.form.field("target").hint)
        for name, wrong, said, right in (
            ("folder", str(folder / "nowhere"), "no such folder", str(folder)),
            ("folder", str(folder / "a.txt"), "not a folder", str(folder)),
            ("dockerfile", "Dockerfile.none", "does not exist", "Dockerfile"),
            ("dockerfile", "sub", "not a file", "Dockerfile"),
            ("dockerfile", "", "missing", "Dockerfile"),
            ("tag", "Not A Tag", "cannot be part", "made-here:1"),
            ("target", "middle", "there are: base, final", "final"),
            ("args", "A=1\nWHO", "KEY=VALUE", ""),
        ):
            fill(screen, name, wrong)
            assert said in await refused(pilot, screen, name)
            fill(screen, name, right)
            await until(pilot, lambda name=name: screen.form.field(name).error is None, f"no error at {name}")


async def test_what_may_not_be_read_is_said_at_the_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = os.access

    def access(path: str | Path, mode: int) -> bool:
        return "sub" not in str(path) and allowed(path, mode)

    monkeypatch.setattr(os, "access", access)
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_form(pilot)
        fill(screen, "folder", str(folder / "sub"))
        assert "permission denied" in await refused(pilot, screen, "folder")
        fill(screen, "folder", str(folder))
        await until(pilot, lambda: "cannot be read" in text_of(app), "what stands in the way")
        assert "Dockerfile.other" in await refused(pilot, screen, "folder")


async def test_an_ignore_file_that_cannot_be_read_is_said_at_the_folder(folder: Path) -> None:
    (folder / ".dockerignore").write_text("[\n")
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_form(pilot)
        assert ".dockerignore" in await refused(pilot, screen, "folder")


async def test_the_docker_line_goes_with_what_is_typed(folder: Path) -> None:
    app = StageApp()
    async with app.run_test(size=(200, 40)) as pilot:
        screen = await open_form(pilot)
        fill(screen, "tag", "made-here:1")
        fill(screen, "args", "WHO=me")
        screen.form.field("builder").take_focus()
        await pilot.press("right")
        line = f"$ DOCKER_BUILDKIT=0 docker build --tag made-here:1 --build-arg WHO=me --force-rm {folder}"
        await until(pilot, lambda: line in text_of(app), line)
        assert "not the daemon's default" in text_of(app)


async def test_paths_are_completed_from_the_context(folder: Path) -> None:
    suggester = ContextSuggester(lambda: str(folder))
    assert await suggester.get_suggestion("sub/D") == "sub/Dockerfile.other"
    assert await suggester.get_suggestion("su") == "sub/"
    assert await suggester.get_suggestion("nothing") is None
    assert await suggester.get_suggestion("") is None


@pytest.mark.parametrize("builder", ["BuildKit", "classic"])
async def test_a_build_is_followed_to_its_image(folder: Path, builder: str) -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        form = await open_form(pilot)
        fill(form, "tag", "made-here:1")
        if builder == "classic":
            form.form.field("builder").take_focus()
            await pilot.press("right")
        await pilot.press("f2")
        screen = await the_build(pilot, "done")
        image = screen.job.build.result
        assert image is not None
        await until(pilot, lambda: image.image_id[:40] in text_of(app), "the image")
        shown = text_of(app)
        assert "build made-here:1" in shown
        assert "done" in shown
        assert "made-here:1" in shown
        steps = screen.query_one("#steps", StepsView)
        steps.focus()
        await pilot.press("G")
        while "cat /a.txt" not in (steps.cursor_step.title if steps.cursor_step else ""):
            at = steps.cursor
            await pilot.press("k")
            assert steps.cursor != at, "there is no step that shows the file"
        log = screen.query_one("#log", LogView)
        await until(pilot, lambda: [line.text for line in log.buffer] == ["data"], "the step's output")
        entry = next(iter(screen.session.history))
        assert (entry.outcome, entry.line) == ("ok", screen.job.line)
        await until(
            pilot,
            lambda: any("made-here:1" in one.tags for one in screen.session.state.images.values()),
            "the image in the list",
        )


async def test_a_failure_is_pinned_and_the_same_form_comes_back(folder: Path) -> None:
    (folder / "Dockerfile").write_text("FROM busybox\nRUN echo first && exit 3\n")
    app = StageApp()
    async with app.run_test(size=(80, 24)) as pilot:
        form = await open_form(pilot)
        fill(form, "tag", "made-here:1")
        fill(form, "args", "WHO=me")
        await pilot.press("f2")
        screen = await the_build(pilot, "failed")
        await until(pilot, lambda: "Dockerfile line 2, exit code 3: RUN" in text_of(app), "the pinned failure")
        await pilot.press("L", "n")
        assert app.screen is screen  # there is no image to open or to run
        await pilot.press("b")
        again = await the_form(pilot)
        assert again.form.values()["tag"] == "made-here:1"
        assert again.form.values()["args"] == ["WHO=me"]
        (folder / "Dockerfile").write_text("FROM busybox\nRUN echo second\n")
        await pilot.press("f2")
        second = await the_build(pilot, "done")
        assert second is not screen
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen), "the dashboard")


async def test_it_goes_on_when_it_is_left_and_is_cancelled_by_a_key(folder: Path) -> None:
    (folder / "Dockerfile").write_text("FROM busybox\nRUN echo begun; sleep 6000\n")
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        await open_form(pilot)
        await pilot.press("f2")
        screen = await the_build(pilot)
        job = screen.job
        await until(pilot, lambda: "RUN" in job.progress, "the step")
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen), "the dashboard")
        assert job.state == "running"
        await until(pilot, lambda: "1 job" in text_of(app), "the job in the header")
        await pilot.press("J")
        await until(pilot, lambda: isinstance(app.screen, JobsScreen) and "RUN echo begun" in text_of(app), "the jobs")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, BuildScreen), "the build again")
        await pilot.press("x")
        await until(pilot, lambda: job.state == "cancelled" and "cancelled: the connection" in text_of(app), "the end")
        assert next(iter(app.history)).outcome == "cancelled"


async def test_a_tag_that_another_image_holds_is_asked_about(folder: Path) -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        form = await open_form(pilot)
        held = next(tag for image in form.session.state.images.values() for tag in image.tags)
        fill(form, "tag", held)
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog) and held in text_of(app), "the question")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is form, "the form again")
        assert len(form.session.history) == 0
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog), "the question again")
        await pilot.press("y")
        await the_build(pilot, "done")


async def test_what_was_typed_is_there_after_leaving(folder: Path) -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        form = await open_form(pilot)
        fill(form, "tag", "half-typ")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen), "the dashboard")
        await pilot.press("b")
        again = await the_form(pilot)
        assert again.form.values()["tag"] == "half-typ"


async def test_output_is_drawn_literally(folder: Path) -> None:
    (folder / "Dockerfile").write_text("FROM busybox\nRUN echo '[red]x[/] [@click=app.quit]y'\nRUN exit 1\n")
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        await open_form(pilot)
        await pilot.press("f2")
        screen = await the_build(pilot, "failed")
        screen.steps.focus()
        await pilot.press("g")
        while "[red]" not in (screen.steps.cursor_step.title if screen.steps.cursor_step else ""):
            at = screen.steps.cursor
            await pilot.press("j")
            assert screen.steps.cursor != at, "there is no such step"
        await until(pilot, lambda: text_of(app).count("[red]x[/] [@click=app.quit]y") >= 2, "the output as it is")


def running_job(screen: BuildFormScreen, folder: Path) -> BuildJob:
    """A job that the test itself drives."""
    plan = Plan(BuildSpec(str(folder)), Way("session", "because"), open_context(folder), DOCKERFILE)
    return BuildJob(screen.session.engine, plan, "docker build")


async def test_a_flood_of_output_is_shown_in_part_and_whole_when_it_is_over(folder: Path) -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        job = running_job(await open_form(pilot), folder)
        step = BuildStep("a", "RUN yes", StepState.RUNNING, 1, number=1, total=1)
        job.build = apply_all(BuildState(), [step, BuildLog("a", Stream.STDOUT, "first\nhalf")])
        app.open_screen("build_job", job=job)
        screen = await the_build(pilot)
        await until(pilot, lambda: [line.text for line in screen.log_view.buffer] == ["first"], "the first line")
        assert "half" in text_of(app)
        job.build = apply(job.build, BuildLog("a", Stream.STDOUT, "".join(f" line {n}\n" for n in range(3000))))
        screen.show()
        drawn = [line.text for line in screen.log_view.buffer]
        assert drawn[:2] == ["first", "2,900 lines passed too fast to be shown"]
        assert drawn[-1] == " line 2999"
        assert len(drawn) == 102
        job.build = apply(job.build, BuildStep("a", "RUN yes", StepState.DONE, 1, 2, number=1, total=1))
        job.changed()
        await until(pilot, lambda: len(screen.log_view.buffer) == 3001, "all that is kept")
        assert [line.text for line in screen.log_view.buffer][:3] == ["first", "half line 0", " line 1"]


async def test_the_cursor_goes_with_the_running_step_until_it_is_moved(folder: Path) -> None:
    def at(done: int) -> BuildState:
        states = [StepState.DONE] * done + [StepState.RUNNING] + [StepState.WAITING] * 3
        steps = [
            BuildStep(str(n), f"RUN {n}", state, 1 if state is not StepState.WAITING else None, number=n + 1, total=4)
            for n, state in enumerate(states[:4])
        ]
        return apply_all(BuildState(), [*steps, BuildLog(str(done), Stream.STDOUT, f"output {done}\n")])

    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        job = running_job(await open_form(pilot), folder)
        job.build = at(0)
        app.open_screen("build_job", job=job)
        screen = await the_build(pilot)
        await until(pilot, lambda: "output 0" in text_of(app), "the first step's output")
        job.build = at(1)
        job.changed()
        await until(pilot, lambda: "output 1" in text_of(app), "the second step's output")
        await pilot.press("k")
        job.build = at(2)
        job.changed()
        await until(pilot, lambda: "2 of 4 steps" in text_of(app), "the third step")
        assert screen.steps.cursor_step is not None
        assert screen.steps.cursor_step.id == "0"
        await pilot.press("f")
        await until(pilot, lambda: "output 2" in text_of(app), "the third step's output")


async def test_warnings_are_told_and_shown_whole(folder: Path) -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        job = running_job(await open_form(pilot), folder)
        job.build = apply_all(BuildState(), [BuildWarning("a", f"odd {n}", line=n) for n in range(1, 5)])
        app.open_screen("build_job", job=job)
        await the_build(pilot)
        await until(pilot, lambda: "4 warnings" in text_of(app) and "and 2 warnings more" in text_of(app), "the count")
        await pilot.press("W")
        await until(pilot, lambda: "Dockerfile line 4: odd 4" in text_of(app), "all of them")


async def test_each_folder_keeps_its_own_values_between_runs(folder: Path) -> None:
    other = folder / "sub"
    (other / "Dockerfile").write_text("FROM busybox\n")
    first = StageApp()
    async with first.run_test(size=SIZE) as pilot:
        form = await open_form(pilot)
        fill(form, "tag", "made-here:1")
        fill(form, "args", "WHO=me\nAPI_TOKEN=hunter2-hunter2")
        await pilot.press("f2")
        await the_build(pilot, "done")
    second = StageApp()
    async with second.run_test(size=SIZE) as pilot:
        form = await open_form(pilot)
        assert form.form.values()["tag"] == "made-here:1"
        assert form.form.values()["args"] == ["WHO=me"]  # what looks secret is kept nowhere
        fill(form, "folder", str(other))
        await until(pilot, lambda: form.form.values()["tag"] == "", "nothing of another folder")
        assert form.form.values()["args"] == []
        fill(form, "folder", str(folder))
        await until(pilot, lambda: form.form.values()["tag"] == "made-here:1", "its own again")


async def test_what_was_rebuilt_is_told_after_the_dockerfile_was_edited(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def edit(_app: object, words: list[str]) -> int:
        asked.extend(words)
        (folder / "Dockerfile").write_text(DOCKERFILE.replace("cat /a.txt", "cat /a.txt; echo more"))
        return 0

    monkeypatch.setenv("EDITOR", "some-editor --wait")
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setattr("tui.screens.build_actions.run_program", edit)
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        form = await open_form(pilot)
        fill(form, "tag", "made-here:1")
        await pilot.press("f2")
        first = await the_build(pilot, "done")
        await first.job.reported()
        await until(pilot, lambda: "no earlier build of this name" in text_of(app), "the first report")
        await pilot.press("e")
        await until(pilot, lambda: bool(asked), "the editor")
        assert asked == ["some-editor", "--wait", str(folder / "Dockerfile")]
        await pilot.press("r")
        await until(pilot, lambda: app.screen is not first and isinstance(app.screen, BuildScreen), "the next build")
        second = await the_build(pilot, "done")
        await second.job.reported()
        await until(pilot, lambda: "line 6 was changed: RUN cat /a.txt; echo more" in text_of(app), "why")
        assert "1 of 3 steps ran" in text_of(app)
