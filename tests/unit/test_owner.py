"""Whether the hythe that made something still runs, told from its mark: of this machine alone, and never wrongly."""

import os
import subprocess
import sys
import time

import msgspec
import pytest

from tui.engine.owner import FIRST_NAMESPACE, Owner, fate, read_mark, this_process

CODE = "from tui.engine.owner import this_process; print(this_process().mark, flush=True); input()"


@pytest.fixture
def other():
    """Another process that has a mark of its own, and its mark."""
    process = subprocess.Popen([sys.executable, "-c", CODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    owner = read_mark(process.stdout.readline().strip())
    assert owner is not None
    yield process, owner
    process.kill()
    process.communicate()


def test_a_mark_is_read_as_it_was_written() -> None:
    own = this_process()
    assert read_mark(own.mark) == own
    assert own.pid == os.getpid()
    assert fate(own, time.time()) == "alive"


@pytest.mark.parametrize(
    "mark", ["", "1", "a.b.c.d.e", "a.b.c.0.e", "a.b.c.-1.e", "a.b.c.1.e.f", ".b.c.1.e", "a.b.c.²." + "9" * 99]
)
def test_what_is_no_mark_names_nobody(mark: str) -> None:
    assert read_mark(mark) is None


def test_one_that_was_killed_is_gone(other: tuple[subprocess.Popen[str], Owner]) -> None:
    process, owner = other
    assert fate(owner, time.time()) == "alive"
    process.kill()
    process.wait()
    assert fate(owner, time.time()) == "gone"


def test_another_process_of_the_same_id_is_another(other: tuple[subprocess.Popen[str], Owner]) -> None:
    _, owner = other
    assert fate(msgspec.structs.replace(owner, start="1"), time.time()) == "gone"
    # where it is not known when it began, it may be the same
    assert fate(msgspec.structs.replace(owner, start=""), time.time()) == "alive"


@pytest.mark.parametrize("field", ["machine", "namespace"])
def test_of_another_machine_or_namespace_nothing_is_known(field: str) -> None:
    own = this_process()
    elsewhere = msgspec.structs.replace(own, **{field: "other"}, pid=2**22 + 7)
    assert fate(elsewhere, time.time()) == "unknown"


def test_what_was_made_before_the_machine_was_started_anew_is_gone() -> None:
    own = msgspec.structs.replace(this_process(), boot="now", namespace=FIRST_NAMESPACE)
    before = msgspec.structs.replace(own, boot="before")
    assert fate(before, 1_000_000_000, own) == "gone"
    # a copy of the machine that runs elsewhere has its name and id, and makes things now
    assert fate(before, time.time() + 60, own) == "unknown"
    assert fate(before, 0, own) == "unknown"
    # containers of one image have the same too, and their hosts differ
    inside = msgspec.structs.replace(before, namespace="4026532000")
    assert fate(inside, 1_000_000_000, msgspec.structs.replace(own, namespace="4026532000")) == "unknown"


def test_a_process_of_somebody_else_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_pid: int, _number: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    assert fate(this_process(), time.time()) == "alive"
