"""Why a container died: what is made of events and an inspect answer."""

from hypothesis import given
from hypothesis import strategies as st

from tui.model.happenings import SECOND, Happening, Probe, Story
from tui.model.images import Image
from tui.present.exits import exit_long, exit_short, signal_name
from tui.present.newer import newer_image
from tui.present.timeline import cause_of, timeline, verdict

NOW = 1_790_000_000


def at(seconds: float) -> int:
    """A moment, so many seconds before now."""
    return round((NOW - seconds) * SECOND)


def story(**more: object) -> Story:
    known = {
        "id": "c" * 64, "name": "web", "image": "nginx", "image_id": "sha256:" + "a" * 64, "state": "exited",
        "created_ns": at(100), "started_ns": at(99), "finished_ns": at(10), "exit_code": 137,
    }  # fmt: skip
    return Story(**(known | more))  # type: ignore[arg-type]


def die(code: int, seconds: float = 10) -> Happening:
    return Happening(at(seconds), "die", exit_code=code)


def kill(signal: int, seconds: float, by: str | None = None) -> Happening:
    return Happening(at(seconds), "kill", signal=signal, by=by)


START = Happening(at(99), "start")


def test_137_is_told_by_what_came_before_it() -> None:
    assert "memory limit of 6MiB" in cause_of(story(oom_killed=True, memory_limit=6 << 20), [], 137)
    oom = Happening(at(10.1), "oom")
    assert "the machine ran out of memory" in cause_of(story(), [START, oom, die(137)], 137)
    sent = cause_of(story(), [START, kill(9, 11, "docker kill web"), die(137)], 137)
    assert sent == "SIGKILL, sent through Docker, asked by $ docker kill web"
    deaf = cause_of(story(), [START, kill(15, 21, ""), kill(9, 10.5, ""), die(137)], 137)
    assert deaf == "it did not end on SIGTERM in time, so Docker sent SIGKILL, asked by another client"
    told = cause_of(story(), [START, die(137)], 137)
    assert "not sent through Docker: by the kernel, for the machine's memory, of which the daemon tells nothing" in told
    told = cause_of(story(memory_limit=6 << 20), [START, die(137)], 137)
    assert "by the kernel, for its memory limit of 6MiB, of which the daemon tells nothing" in told
    assert "no longer tells" in cause_of(story(), [], 137)


def test_a_signal_to_the_run_before_is_no_cause() -> None:
    happenings = [START, kill(9, 30), die(137, 29), Happening(at(28), "start"), die(137)]
    assert "not sent through Docker" in cause_of(story(), happenings, 137)


def test_a_kill_for_memory_that_is_told_after_the_end_belongs_to_it() -> None:
    limited = story(memory_limit=6 << 20)
    first, late = die(137, 29), Happening(at(28.9), "oom")
    assert "memory limit of 6MiB was reached" in cause_of(limited, [START, first, late], 137)
    again = [START, first, late, Happening(at(28), "start"), die(137)]
    assert "was reached" in cause_of(limited, again, 137, 1)
    assert "not sent through Docker" in cause_of(limited, again, 137)
    of_the_next = [START, first, Happening(at(28), "start"), Happening(at(27.9), "oom"), die(137, 27)]
    assert "not sent through Docker" in cause_of(limited, of_the_next, 137, 1)


def test_a_process_killed_for_memory_that_is_not_the_first_is_told() -> None:
    text = cause_of(story(memory_limit=6 << 20), [START, Happening(at(11), "oom"), die(1)], 1)
    assert text == "its memory limit of 6MiB was reached, and a process in it was killed"


def test_exit_codes_in_words() -> None:
    assert [exit_short(code) for code in (0, 1, 125, 126, 127, 137, 139, 143, 152)] == [
        "", "", "docker failed to run it", "not executable", "not found", "killed", "segmentation fault", "terminated",
        "SIGXCPU",
    ]  # fmt: skip
    assert "SIGSEGV" in exit_long(139)
    assert "program's own" in exit_long(3)
    assert exit_long(129) == "it was ended by SIGHUP"
    assert signal_name(63) == "signal 63"


def test_the_rows_are_newest_first_and_nothing_stands_there_twice() -> None:
    probe = Probe(at(50), 0.07, 1, "refused\nby the database\n")
    rows = timeline(story(probes=(probe,)), [START, kill(9, 11, "docker kill web"), die(137)])
    assert [row.text for row in rows] == [
        "ended: exit 137, killed",
        "SIGKILL sent, by $ docker kill web",
        "check failed, exit 1, in 0.1s: refused",
        "started",
        "created from nginx",
    ]
    assert rows[2].details == ("refused", "by the database")


def test_what_inspect_tells_fills_what_the_daemon_forgot() -> None:
    assert [row.text for row in timeline(story(), [])] == ["ended: exit 137, killed", "started", "created from nginx"]
    running = timeline(story(state="running", exit_code=0, started_ns=at(5)), [])
    assert [row.text for row in running] == ["started", "ended, of the run before", "created from nginx"]


def said(told: Story, *happenings: Happening, images: tuple[Image, ...] = ()) -> str:
    return "\n".join(text for text, _ in verdict(told, happenings, images, NOW, 300))


def test_the_sentences_at_the_top() -> None:
    loop = said(story(restarts=12, policy="always", exit_code=3), *(die(3, second) for second in (50, 30, 10)))
    assert "restarted 12 times by its policy always, seen to end 3 times in the last minute" in loop
    sick = said(story(state="running", health="unhealthy", streak=4, probes=(Probe(at(1), 0.1, 1, "no answer\n"),)))
    assert "running for 1m, unhealthy" in sick
    assert "failed 4 times in a row: no answer" in sick
    never = said(story(state="created", exit_code=127, error="exec: no such file", finished_ns=None))
    assert never.startswith("it could not be started (exit 127, not found): exec: no such file")
    took = said(story(), Happening(at(100), "create"), Happening(at(99.6), "start"), die(137))
    assert "from created to running in 400ms" in took
    newer = Image(id="sha256:" + "b" * 64, tags=("nginx:latest",))
    assert "nginx is bbbbbbbbbbbb by now: this container is still of aaaaaaaaaaaa" in said(story(), images=(newer,))


def test_a_newer_image_is_one_that_has_the_name_now() -> None:
    new = Image(id="sha256:new", tags=("nginx:1.27", "nginx:latest"))
    for reference in ("nginx", "nginx:latest", "docker.io/library/nginx:latest", "nginx:1.27"):
        assert newer_image(reference, "sha256:old", [new]) is new
    assert newer_image("nginx", "sha256:new", [new]) is None
    assert newer_image("nginx:1.26", "sha256:old", [new]) is None
    assert newer_image("nginx@sha256:ff", "sha256:old", [new]) is None
    assert newer_image("0ld", "sha256:0ldest", [new]) is None
    assert newer_image("host:5000/nginx", "sha256:old", [new]) is None


VERBS = st.sampled_from(["die", "kill", "oom", "start", "health_status", "odd"])
CODES = st.none() | st.integers(0, 999)


@given(
    st.lists(
        st.builds(Happening, st.integers(0, 1 << 62), VERBS, st.text(max_size=5), CODES, CODES, st.none() | st.text()),
        max_size=12,
    ),
    st.sampled_from(["running", "exited", "created", "dead", "restarting", "odd"]),
    st.integers(-5, 70_000),
)  # fmt: skip
def test_whatever_the_daemon_tells_something_is_made_of_it(happenings: list[Happening], state: str, code: int) -> None:
    told = story(state=state, exit_code=code)
    assert len(timeline(told, happenings)) >= len(happenings)
    assert verdict(told, happenings, (), NOW, 40)
