"""SVG snapshots of the screen of a build in each state, also in ASCII and in one colour."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

import pytest
from stage import StageApp, dashboard, text_of, until
from test_snapshots import Compare, settle
from textual.pilot import Pilot

from tui.engine.build_context import open_context
from tui.jobs.build import BuildJob
from tui.jobs.build_report import BuildReport
from tui.jobs.build_ways import Plan
from tui.model.build import (
    BuildEvent,
    BuildFailure,
    BuildLog,
    BuildResult,
    BuildState,
    BuildStep,
    BuildWarning,
    StepState,
    apply_all,
)
from tui.model.build_record import BuildRecord
from tui.model.build_spec import BuildSpec
from tui.model.build_way import Way
from tui.model.built_layers import BuiltLayer
from tui.model.cache_break import Break, Rebuilt
from tui.model.log_record import Stream
from tui.screens.build import BuildScreen
from tui.settings import Settings

NARROW, WIDE = (80, 24), (120, 40)
BEGUN = 1_790_000_000.0
IMAGE_ID = "sha256:" + "3c0e68954" * 7 + "0"
DOCKERFILE = """\
# syntax is the daemon's own
FROM golang:1.24 AS build
WORKDIR /src
COPY . .
RUN go build -o /app ./cmd/shop

FROM alpine:3.20
RUN apk add --no-cache ca-certificates
COPY --from=build /app /usr/bin/shop
ENTRYPOINT ["shop"]
"""
DONE, CACHED, WAITING = StepState.DONE, StepState.CACHED, StepState.WAITING
RUNNING, FAILED, CANCELLED = StepState.RUNNING, StepState.FAILED, StepState.CANCELLED


def steps(compiling: StepState, adding: StepState) -> list[BuildEvent]:
    """The build's steps, two stages side by side, when two of them have come so far."""
    last = DONE if (compiling, adding) == (DONE, DONE) else WAITING
    return [
        _step("context", "load build context", DONE, 0.1, 2.4, internal=True),
        _step("b1", "FROM golang:1.24", CACHED, 0.2, 0.2, "build", 1, 4),
        _step("b2", "WORKDIR /src", CACHED, 0.2, 0.2, "build", 2, 4),
        _step("b3", "COPY . .", DONE, 2.4, 3.0, "build", 3, 4),
        _step("b4", "RUN go build -o /app ./cmd/shop", compiling, 3.0, 48.5, "build", 4, 4),
        _step("f1", "FROM alpine:3.20", CACHED, 0.2, 0.2, "stage-1", 1, 3),
        _step("f2", "RUN apk add --no-cache ca-certificates", adding, 0.3, 7.9, "stage-1", 2, 3),
        _step("f3", "COPY --from=build /app /usr/bin/shop", last, 48.5, 48.9, "stage-1", 3, 3),
    ]


def _step(
    id: str, name: str, state: StepState, started: float, ended: float, stage: str = "", number: int = 0,
    total: int = 0, *, internal: bool = False,
) -> BuildStep:  # fmt: skip
    begun = None if state is WAITING else BEGUN + started
    over = None if state in (WAITING, RUNNING) else BEGUN + ended
    return BuildStep(id, name, state, begun, over, "", stage, number, total, internal)


OUTPUT = [
    BuildLog("b4", Stream.STDERR, "go: downloading github.com/acme/money v1.4.0\n"),
    BuildLog("b4", Stream.STDERR, "# shop/cmd/shop\n\x1b[31mcmd/shop/main.go:12:9: undefined: price\x1b[0m\n"),
    BuildLog("f2", Stream.STDOUT, "(1/1) Installing ca-certificates (20240705-r0)\nOK: 8 MiB in 15 packages\n"),
]
WARNING = BuildWarning("b1", "a tag should be pinned by its digest", line=2)
LAYERS = (
    BuiltLayer("ADD alpine-minirootfs.tar.gz /", 8_100_000),
    BuiltLayer('CMD ["/bin/sh"]', 0),
    BuiltLayer("RUN apk add --no-cache ca-certificates", 700_000, 8, 7.6, DONE),
    BuiltLayer("COPY --from=build /app /usr/bin/shop", 14_300_000, 9, 0.4, DONE),
    BuiltLayer('ENTRYPOINT ["shop"]', 0, 10),
)


def running(job: BuildJob) -> None:
    job.build = apply_all(BuildState(), [*steps(RUNNING, DONE), *OUTPUT, WARNING])


def failed(job: BuildJob) -> None:
    message = 'process "/bin/sh -c go build -o /app ./cmd/shop" did not complete successfully: exit code: 1'
    job.build = apply_all(BuildState(), [*steps(FAILED, DONE), *OUTPUT, BuildFailure(message, 1, 5)])
    job.state, job.error = "failed", message


def cancelled(job: BuildJob) -> None:
    job.build = apply_all(BuildState(), [*steps(CANCELLED, CANCELLED), *OUTPUT])
    job.state = "cancelled"


def done(job: BuildJob) -> None:
    job.build = apply_all(BuildState(), [*steps(DONE, DONE), *OUTPUT, WARNING, BuildResult(IMAGE_ID)])
    job.state = "done"
    why = Break(4, "COPY . .", "cmd/shop/main.go is another one now")
    before = BuildRecord(BEGUN - 3_600, "shop:1.5", "", "buildkit", "sha256:" + "a" * 64)
    job.report = BuildReport(LAYERS, Rebuilt(4, 7, (why,)), before)


STATES: dict[str, tuple[Callable[[BuildJob], None], str]] = {
    "running": (running, "of 7 steps"),
    "failed": (failed, "exit code 1"),
    "cancelled": (cancelled, "stops the build at the daemon"),
    "done": (done, "main.go is another one now"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    return tmp_path


def shown(folder: Path, state: str, *keys: str) -> Callable[[Pilot[int]], Awaitable[None]]:
    """Return what opens the screen of a build in a state, of which every time is told, and presses keys."""
    bring, seen = STATES[state]

    async def run(pilot: Pilot[int]) -> None:
        session = (await dashboard(pilot)).session
        app = cast("StageApp", pilot.app)
        spec = BuildSpec(str(folder), tag="shop:1.5")
        job = BuildJob(session.engine, Plan(spec, Way("session", ""), open_context(folder), DOCKERFILE), "docker build")
        job.sending.sent, job.sending.started, job.sending.ended = 2_400_000, BEGUN + 0.1, BEGUN + 2.4
        job.started, job.ended = BEGUN, BEGUN + 49.2
        bring(job)
        app.open_screen("build_job", job=job)
        await until(pilot, lambda: isinstance(app.screen, BuildScreen) and seen in text_of(app), seen)
        await pilot.press(*keys)
        await settle(pilot)

    return run


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("state", STATES)
def test_build(snap_compare: Compare, folder: Path, state: str, size: tuple[int, int]) -> None:
    assert snap_compare(StageApp(), terminal_size=size, run_before=shown(folder, state))


@pytest.mark.parametrize("state", ["failed", "done"])
def test_build_in_ascii(snap_compare: Compare, folder: Path, state: str) -> None:
    assert snap_compare(StageApp(Settings(ascii=True)), terminal_size=WIDE, run_before=shown(folder, state))


@pytest.mark.parametrize("state", ["running", "failed"])
def test_build_without_colour(snap_compare: Compare, folder: Path, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(StageApp(Settings(color="none")), terminal_size=WIDE, run_before=shown(folder, state))


def test_the_dockerfile_of_a_build_on_a_narrow_screen(snap_compare: Compare, folder: Path) -> None:
    assert snap_compare(StageApp(), terminal_size=NARROW, run_before=shown(folder, "failed", "v"))
