"""The processes of a container: every ps is read by its titles, and which process is which inside is told or not."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine.processes import number_inside
from tui.model.processes import (
    Process,
    Processes,
    ProcessTree,
    parse_listing,
    parse_resident,
    parse_time_used,
    plain,
    processes_from,
)
from tui.present.processes import ProcessRows, time_used


def process(pid: int, parent: int | None, command: str = "sh", **more: float) -> Process:
    known = {"cpu": 0.0, "memory": 0, "seconds": 0} | more
    return Process(pid, parent, "root", known["cpu"], int(known["memory"]), int(known["seconds"]), command)


def test_each_ps_is_read_by_its_titles() -> None:
    wide = ["PID", "PPID", "USER", "%CPU", "RSS", "TIME", "COMMAND"]
    found = processes_from(Processes(wide, [["12", "7", "www-data", "1.5", "2048", "1-00:00:01", "nginx: worker"]]))
    assert found == [Process(12, 7, "www-data", 1.5, 2 << 20, 86_401, "nginx: worker")]
    plain_ef = ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]
    found = processes_from(Processes(plain_ef, [["root", "12", "7", "0", "07:02", "?", "00:00:07", "sleep 9"]]))
    assert found == [Process(12, 7, "root", 0.0, None, 7, "sleep 9")]
    busybox = ["PID", "USER", "TIME", "COMMAND"]
    assert processes_from(Processes(busybox, [["1", "root", "1:07", "sh"]])) == [
        Process(1, None, "root", None, None, 67, "sh")
    ]
    assert processes_from(Processes(wide, None)) == []
    assert processes_from(Processes(wide, [["x"], []])) == []


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("00:01:07", 67), ("2-03:04:05", 183_845), ("1:07", 67), ("3h02", 10_920), ("3d02", 266_400), ("", None),
     ("-", None), ("٣:٠٧", None)],
)  # fmt: skip
def test_times_of_every_ps(text: str, seconds: int | None) -> None:
    assert parse_time_used(text) == seconds


@pytest.mark.parametrize(
    ("text", "size"), [("4", 4096), ("1.2m", 1_258_291), ("3g", 3 << 30), ("", None), ("-1", None), ("9" * 40, None)]
)
def test_resident_sizes_of_every_ps(text: str, size: int | None) -> None:
    assert parse_resident(text) == size


@given(st.lists(st.text(max_size=12), max_size=9), st.lists(st.lists(st.text(max_size=30), max_size=9), max_size=9))
def test_whatever_a_daemon_says_is_read(titles: list[str], rows: list[list[str]]) -> None:
    tree = ProcessTree(processes_from(Processes(titles, rows)))
    for pid in tree.by_pid:
        assert tree.lineage(pid)


@given(st.dictionaries(st.integers(1, 12), st.integers(0, 12), max_size=12))
def test_every_process_stands_in_the_tree_once_whoever_its_parent_is(parents: dict[int, int]) -> None:
    tree = ProcessTree([process(pid, parent) for pid, parent in parents.items()])
    seen: list[int] = []

    def walk(pid: int | None) -> None:
        for child in tree.children(pid):
            seen.append(child)
            walk(child)

    walk(None)
    assert sorted(seen) == sorted(parents)


@given(st.text(max_size=200))
def test_any_listing_is_read(text: str) -> None:
    parse_listing(text)


def test_a_process_is_known_by_its_command_and_its_parents() -> None:
    outside = ProcessTree([process(900, 1, "nginx: master"), process(907, 900, "nginx: worker  process")])
    inside = ProcessTree(parse_listing("PID PPID COMMAND\n1 0 nginx:master\n8 1 nginx:workerprocess\n20 0 sh -c x"))
    assert inside.alike(outside.lineage(907)) == [8]
    assert inside.alike(outside.lineage(900)) == [1]
    assert inside.alike(("sleep9",)) == []
    flat = ProcessTree([process(907, None, "nginx: worker process")])
    assert inside.alike(flat.lineage(907)) == []
    assert inside.alike(flat.lineage(907), 1) == [8], "there are ps that tell no parents"
    assert plain("a b\x00?c\n") == "abc"


def proc_of(folder: Path, *processes: tuple[int, str, str]) -> Path:
    for pid, cgroup, numbers in processes:
        (folder / str(pid)).mkdir(parents=True)
        (folder / str(pid) / "cgroup").write_text(f"0::/system.slice/docker-{cgroup}.scope\n")
        (folder / str(pid) / "cmdline").write_bytes(b"sleep\0" + str(pid).encode() + b"\0")
        (folder / str(pid) / "status").write_text(f"Name:\tx\nNSpid:\t{numbers}\n")
    return folder


def test_the_kernel_tells_the_number_inside(tmp_path: Path) -> None:
    proc = proc_of(
        tmp_path, (100, "abc", "100\t1"), (107, "abc", "107\t8"), (109, "abc", "109 9 1"), (120, "other", "120 3")
    )

    def inside(main: int, pid: int, command: str = "") -> int | None:
        return number_inside(proc, "abc", main, process(pid, 1, command or f"sleep {pid}"))

    assert inside(100, 100) == 1
    assert inside(100, 107) == 8
    assert inside(100, 109) == 9, "one that made a namespace of its own"
    assert inside(100, 120) is None, "another container's: the daemon is another machine's"
    assert inside(100, 107, "nginx") is None, "its number is another's by now"
    assert inside(100, 555) is None
    assert inside(0, 107) is None


def test_one_in_the_numbers_of_the_machine_has_the_same_number(tmp_path: Path) -> None:
    proc = proc_of(tmp_path, (100, "abc", "100"), (107, "abc", "107"))
    assert number_inside(proc, "abc", 100, process(107, 1, "sleep 107")) == 107


def test_the_tree_is_sorted_among_brothers_and_the_list_as_a_whole() -> None:
    tree = ProcessTree([process(1, 0), process(2, 1, cpu=5), process(3, 1, cpu=50), process(4, 2, cpu=99)])
    rows = ProcessRows(tree, "cpu", flat=False, width=80)
    assert (rows.roots(), rows.children(1), rows.children(2)) == ([1], [3, 2], [4])
    assert ProcessRows(tree, "cpu", flat=True, width=80).roots() == [4, 3, 2, 1]
    assert rows.branches == {1, 2}
    assert [len(ProcessRows(tree, "pid", flat=True, width=width).columns(1)) for width in (80, 60, 40)] == [4, 3, 2]


def test_time_on_the_cpu_in_words() -> None:
    assert [time_used(seconds) for seconds in (None, 7, 67, 3723)] == ["", "0:07", "1:07", "1:02:03"]
