"""What is told of a pull and a push: layers, bytes, rate, time left, and the daemon's last words."""

from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from tui.engine.transfers import ProgressDetail, TransferProgress
from tui.jobs.transfer import Pace, TransferJob, TransferPicture


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def step(status: str, id: str = "", current: int = 0, total: int = 0) -> TransferProgress:
    return TransferProgress(status, id, ProgressDetail(current, total) if total else None)


def test_a_push_counts_what_is_there_already() -> None:
    picture = TransferPicture()
    for status in ("Preparing", "Waiting"):
        picture.apply(step(status, "a"))
        picture.apply(step(status, "b"))
    picture.apply(step("Layer already exists", "a"))
    picture.apply(step("Pushing", "b", 300, 1000))
    assert (picture.words, picture.fraction) == ("1 of 2 layers, 300B of 1kB", 0.3)
    assert picture.is_sized
    picture.apply(step("Pushed", "b"))
    assert (picture.words, picture.fraction) == ("2 of 2 layers, 1kB of 1kB", 1.0)
    picture.apply(step("Mounted from library/busybox", "c"))
    assert picture.layers[-1].finished


def test_the_rate_and_the_time_left() -> None:
    clock = Clock()
    job = TransferJob("pull x", "docker pull x")
    job.pace = Pace(clock)
    job.take(step("Pulling fs layer", "a"))
    job.take(step("Pulling fs layer", "b"))
    for second in range(1, 5):
        clock.now += 1
        job.take(step("Downloading", "a", second * 1_000_000, 10_000_000))
    assert job.pace.rate == 1_000_000
    assert job.time_left is None  # nobody knows how much b is
    assert job.progress.endswith("4MB of 10MB, 1MB/s")
    job.take(step("Already exists", "b"))
    assert job.time_left == 6.0
    clock.now += 1
    job.take(step("Downloading", "a", 5_000_000, 10_000_000))
    assert job.progress == "1 of 2 layers, 5MB of 10MB, 1MB/s, 5.0s left"
    clock.now += 60
    assert (job.pace.rate or 0) < 100_000  # what hangs gets slower, whatever it was
    job.take(step("Digest: sha256:1", "x"))
    job.take(step("Status: Downloaded newer image for x"))
    job.end_well()
    assert job.progress.endswith("; Status: Downloaded newer image for x")
    assert job.said == ["Digest: sha256:1", "Status: Downloaded newer image for x"]


def test_the_digest_of_a_push() -> None:
    assert TransferProgress(aux={"Digest": "sha256:1", "Size": 3}).digest == "sha256:1"
    assert TransferProgress(aux={"Digest": cast("str", 3)}).digest == ""
    assert TransferProgress().digest == ""


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Downloading", "Pushing", "Extracting", "Pull complete", "Retrying in 3 seconds", ""]),
            st.sampled_from(["a", "b", ""]),
            st.integers(0, 2**63),
            st.integers(0, 2**63),
        )
    )
)
def test_no_daemon_gets_past_the_whole(steps: list[tuple[str, str, int, int]]) -> None:
    picture = TransferPicture()
    for status, id, current, total in steps:
        picture.apply(step(status, id, current, total))
        assert picture.fraction is None or 0 <= picture.fraction <= 1
        assert picture.words


def test_a_layer_that_is_fetched_anew_keeps_its_size() -> None:
    picture = TransferPicture()
    picture.apply(step("Downloading", "a", 300, 1000))
    picture.apply(step("Retrying in 4 seconds", "a"))
    picture.apply(TransferProgress("Downloading", "a", ProgressDetail()))
    assert (picture.got, picture.total, picture.is_sized) == (0, 1000, True)


def test_no_time_is_left_to_tell_while_every_layer_waits_to_be_tried_again() -> None:
    clock = Clock()
    job = TransferJob("pull x", "docker pull x")
    job.pace = Pace(clock)
    for second in range(1, 5):
        clock.now += 1
        job.take(step("Downloading", "a", second * 1_000_000, 10_000_000))
    assert job.time_left == 6.0
    job.take(step("Retrying in 4 seconds", "a"))
    assert job.time_left is None
