"""What the row of a group of containers says."""

from tui.model.compose import ONE_OFF, PROJECT
from tui.model.containers import Container
from tui.model.stats import Sample, Usage
from tui.present.project_groups import NO_PROJECT, ProjectGroups


def container(id: str, project: str = "", state: str = "running", one_off: str = "False") -> Container:
    own = {PROJECT: project, ONE_OFF: one_off} if project else {}
    return Container(id, id, "busybox", state, labels=own)


def used(cpu: float | None, memory: int) -> Usage:
    return Usage(Sample(cpu=cpu, memory=memory, memory_limit=1 << 30))


def said(
    groups: ProjectGroups, column: str, project: str, shown: int = 0, marked: int = 0, *, filtered: bool = False
) -> str:
    return groups.cell(column, project, shown, marked, filtered=filtered)[0]


def test_counts_are_those_of_all_containers_without_one_offs() -> None:
    groups = ProjectGroups({})
    every = [container("a", "shop"), container("b", "shop", "exited"), container("c", "shop", one_off="True"),
             container("d", state="paused")]  # fmt: skip
    groups.take({each.id: each for each in every})
    assert said(groups, "status", "shop") == "1/2 running"
    assert said(groups, "image", "shop") == "3 containers"
    assert said(groups, "state", "shop") == "◑ partly"
    assert said(groups, "name", NO_PROJECT) == "no project"
    assert said(groups, "state", NO_PROJECT) == "‖ paused"
    assert said(groups, "status", "shop", 2, 1, filtered=True) == "1/2 running, 2 match, 1 marked"
    assert said(groups, "status", "gone since") == "0/0 running"


def test_one_that_is_kept_aside_is_listed_and_not_counted() -> None:
    groups = ProjectGroups({})
    name = "web-before-20261129-222558"
    groups.take({"web": container("web", "shop"), name: container(name, "shop", "exited")})
    assert groups.cell("status", "shop", 2, 0, filtered=False) == ("1/1 running", "")
    assert said(groups, "state", "shop") == "● running"
    assert said(groups, "image", "shop") == "2 containers"
    groups.take({name: container(name, "shop")})  # somebody started it
    assert said(groups, "status", "shop") == "1/1 running"


def test_counts_follow_each_change() -> None:
    groups = ProjectGroups({})
    first = {each: container(each, "shop") for each in "abcdef"}
    groups.take(first)
    groups.take({**first, "a": container("a", "shop", "exited")})
    assert said(groups, "status", "shop") == "5/6 running"
    groups.take({key: first[key] for key in "bc"})
    assert said(groups, "status", "shop") == "2/2 running"


def test_what_the_file_wants_counts_where_it_is_known() -> None:
    groups = ProjectGroups({}, lambda project: {"shop": 4}.get(project, 0))
    groups.take({"a": container("a", "shop"), "b": container("b", "blog")})
    assert groups.cell("status", "shop", 1, 0, filtered=False) == ("1/4 running", "warn")
    assert groups.cell("status", "blog", 1, 0, filtered=False) == ("1/1 running", "")


def test_a_sum_of_some_is_told_as_the_least_that_it_may_be() -> None:
    usage = {"a": used(10.0, 1 << 20), "b": used(None, 1 << 20), "x": used(50.0, 1 << 20)}
    groups, plain = ProjectGroups(usage), ProjectGroups(usage, ascii=True)
    for each in (groups, plain):
        each.take({"a": container("a", "shop"), "b": container("b", "shop"), "x": container("x", "shop", "exited")})
        each.measure()
    assert said(groups, "cpu", "shop") == "≥10.0%"
    assert said(plain, "memory", "shop") == ">1MiB"
    usage["b"] = used(5.5, 2 << 20)
    groups.measure()
    assert said(groups, "cpu", "shop") == "15.5%"
    assert said(groups, "cpu", "blog") == ""


def test_names_from_outside_are_told_as_they_are() -> None:
    groups = ProjectGroups({})
    groups.take({"a": container("a", "[bold]x\x1b[31m\n0:y")})
    assert said(groups, "name", "[bold]x\x1b[31m\n0:y") == "[bold]x\x1b[31m\n0:y"
    assert said(groups, "status", "[bold]x\x1b[31m\n0:y") == "1/1 running"
