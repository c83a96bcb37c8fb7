"""What is wrong with a container is told by what is known of it, and nothing else is."""

from tui.commands.registry import BY_ID
from tui.model.containers import Container
from tui.model.happenings import SECOND, Happening
from tui.model.images import Image
from tui.model.stats import Sample, Usage
from tui.present.newer import ImagesByTag
from tui.present.problems import HELP, MARKS, Problem, problems_of, row_words

NOW = 1_790_000_000.0


def container(**more: object) -> Container:
    known = {"id": "c1", "name": "web", "image": "nginx", "image_id": "sha256:old", "state": "running"}
    return Container(**(known | more))  # type: ignore[arg-type]


def found(known: Container, *happenings: Happening, usage: Usage | None = None, images: tuple[Image, ...] = ()) -> str:
    problems: list[Problem] = problems_of(known, happenings, usage, images, NOW)
    return "; ".join(f"{problem.kind}: {problem.text}" for problem in problems)


def ago(seconds: float, verb: str) -> Happening:
    return Happening(round((NOW - seconds) * SECOND), verb)


def used(share: int) -> Usage:
    return Usage(Sample(1.0, share, 100))


def test_one_that_is_well_has_none() -> None:
    assert found(container(health="healthy"), ago(5, "start"), usage=used(50)) == ""
    assert found(container(state="exited", exit_code=1)) == ""


def test_a_restart_loop_is_told_while_it_waits_and_while_it_runs_between_two_ends() -> None:
    ends = [ago(second, "die") for second in (200, 100, 5)]
    waiting = container(state="restarting", restarts=9, exit_code=3)
    assert found(waiting, *ends) == "restart loop: 9 restarts, exit 3, 3 ends in the last 5 min"
    assert "restart loop" in found(container(restarts=3), *ends)
    assert found(container(restarts=3), *ends[:1]) == ""
    assert found(container(restarts=0), *ends) == "", "it was stopped and started by somebody"


def test_killed_for_memory() -> None:
    assert "out of memory" in found(container(state="exited", exit_code=137, oom_killed=True))
    assert "2 times in the last hour" in found(container(), ago(60, "oom"), ago(5, "oom"))
    assert found(container(), ago(7200, "oom")) == ""


def test_unhealthy_and_near_the_limit() -> None:
    assert found(container(health="unhealthy")) == "unhealthy: its health check fails"
    assert found(container(health="unhealthy", state="exited")) == ""
    assert found(container(), usage=used(95)) == "near its limit: 95B of 100B, 95.0%"
    assert found(container(state="exited"), usage=used(95)) == ""


def test_a_row_names_what_its_status_does_not_say() -> None:
    looping = container(state="restarting", restarts=9, exit_code=3, health="unhealthy")
    problems = [*problems_of(looping, (), None, (), NOW), *problems_of(container(), (), used(95), (), NOW)]
    assert row_words(problems) == ("restart loop, near its memory limit", "", "bad")
    newer = (Image("sha256:new", tags=("nginx:latest",)),)
    assert row_words(problems_of(container(), (), None, newer, NOW)) == ("", "image is newer", "")
    images = {image.id: image for image in newer}
    assert ImagesByTag().named("nginx", images) == list(newer)
    assert ImagesByTag().named("nginx:1", images) == []


def test_a_newer_image_of_one_that_runs() -> None:
    images = (Image("sha256:new", tags=("nginx:latest",)),)
    assert found(container(), images=images) == "newer image: nginx is new by now, it runs old"
    assert found(container(state="exited"), images=images) == ""


def test_every_kind_has_a_mark_and_commands_that_exist() -> None:
    assert set(HELP) == set(MARKS)
    assert all(
        BY_ID[id].scope == ("app" if kind == "disk full" else "containers") for kind, ids in HELP.items() for id in ids
    )
