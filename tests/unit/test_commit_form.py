"""What the commit form says: the equal line, its instructions, the tree of what changed."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model.commit_spec import CHANGES, CommitSpec, check_change, commit_line, env_of
from tui.present.changes import ADDED, CHANGED, DELETED, ChangeTree
from tui.present.secrets import secret_names
from tui.screens.commit import check_target, error_place, split_target


def test_the_line_has_what_is_not_the_default() -> None:
    assert commit_line(CommitSpec("web")) == "docker commit web"
    spec = CommitSpec("web", "app:v1", "Me <a@b>", "it's", pause=False, changes=("CMD a b", "EXPOSE 80"))
    assert commit_line(spec) == (
        """docker commit -a 'Me <a@b>' -m 'it'"'"'s' --pause=false -c 'CMD a b' -c 'EXPOSE 80' web app:v1"""
    )


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ("ENV A=1 TOKEN=abc", "ENV A=1 TOKEN=***"),
        ("env TOKEN a b c", "ENV TOKEN=***"),
        ("ENV\tPASSWORD=hunter2", "ENV PASSWORD=***"),
        ("ENV \t PASSWORD\thunter2", "ENV PASSWORD=***"),
        ("ENV\x0cA=1\tTOKEN=abc", "ENV A=1 TOKEN=***"),
        ("ONBUILD\tENV A=1 TOKEN=abc", "ONBUILD ENV A=1 TOKEN=***"),
        ('ENV A="x y" DB_PASSWORD="p q"', "ENV A='x y' DB_PASSWORD=***"),
        ("ENV A=1", "ENV A=1"),
        ("LABEL TOKEN=abc", "LABEL TOKEN=abc"),
    ],
)
def test_the_history_masks_variables_that_look_secret(change: str, shown: str) -> None:
    spec = CommitSpec("web", changes=(change,))
    hide = secret_names(env_of(spec.changes)).__contains__
    assert shlex.split(commit_line(spec, hide=hide)) == ["docker", "commit", "-c", shown, "web"]
    assert shlex.split(commit_line(spec)) == ["docker", "commit", "-c", change, "web"]


@pytest.mark.parametrize("keyword", ["RUN", "COPY", "ADD", "FROM", "ARG", "SHELL", "MAINTAINER", "#", "", "CMD["])
def test_an_instruction_that_no_commit_takes_is_refused_with_those_it_does(keyword: str) -> None:
    problem = check_change(f"{keyword} x" if keyword else "")
    assert problem is not None
    assert all(name in problem for name in CHANGES)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ("ENV", "KEY=VALUE"),
        ("ENV A", "KEY=VALUE"),
        ("ENV A=1 B", "'B'"),
        ("ENV =1", "missing"),
        ('ENV A="1', "quote"),
        ("LABEL a", "KEY=VALUE"),
        ("EXPOSE", "needs a port"),
        ("EXPOSE x", "'x'"),
        ("EXPOSE 70000", "65535"),
        ("EXPOSE 90-80", "upwards"),
        ("EXPOSE 80/foo", "foo"),
        ("ONBUILD", "needs"),
        ("ONBUILD FROM x", "FROM"),
        ("USER", "needs"),
        ("VOLUME", "needs"),
        ("CMD a \\", "backslash"),
    ],
)
def test_a_wrong_instruction_says_what_is_wrong(change: str, part: str) -> None:
    assert part in (check_change(change) or "")


@given(st.text())
def test_any_text_is_judged(text: str) -> None:
    check_change(text)
    check_change(f"ENV {text}")
    check_change(f"EXPOSE {text}")
    commit_line(CommitSpec("x", changes=(text, f"ENV {text}")), hide=lambda _name: True)


def test_a_target_is_a_reference_or_nothing() -> None:
    assert check_target("") is None
    assert check_target("app:v1") is None
    assert check_target("APP") is not None
    assert "digest" in (check_target("a@sha256:" + "0" * 64) or "")
    assert split_target("") == ("", "")
    assert split_target("app") == ("app", "latest")
    assert split_target("docker.io/library/app:1") == ("app", "1")
    assert split_target("localhost:5000/a/b:1") == ("localhost:5000/a/b", "1")


def test_where_a_refusal_belongs() -> None:
    assert error_place("invalid reference format") == "reference"
    assert error_place("RUN is not a valid change command") == "changes"
    assert error_place("No such container: abc") is None
    assert error_place("write /big: no space left on device") is None


def tree() -> ChangeTree:
    return ChangeTree([("/etc", CHANGED), ("/etc/new", ADDED), ("/srv/a/b", ADDED), ("/bin/gone", DELETED)])


def test_a_tree_has_the_folders_on_the_way() -> None:
    found = tree()
    assert found.roots() == ["/bin", "/etc", "/srv"]
    assert found.children("/srv") == ["/srv/a"]
    assert list(found.leaves()) == ["/bin/gone", "/etc/new", "/srv/a/b"]
    assert found.path_to("/srv/a/b") == ["/srv", "/srv/a", "/srv/a/b"]
    assert [found.has_children(node) for node in ("/srv", "/srv/a/b")] == [True, False]


def test_sizes_stand_at_files_and_add_up_in_folders() -> None:
    found = tree()
    assert found.files() == ["/etc/new", "/srv/a/b"]
    assert not any("kB" in text for text, _ in found.columns("/srv"))
    found.add_sizes({"/etc/new": 1_000, "/srv/a/b": 2_000, "/bin/gone": 5, "/tmp/not-told-of": 9})
    shown = {
        node: found.columns(node)[-1][0].strip() for node in ("/etc", "/etc/new", "/srv", "/srv/a", "/srv/a/b", "/bin")
    }
    assert shown == {"/etc": "1kB", "/etc/new": "1kB", "/srv": "2kB", "/srv/a": "2kB", "/srv/a/b": "2kB", "/bin": ""}
    found.add_sizes({"/etc/new": 3_000})
    assert found.columns("/etc")[-1][0].strip() == "3kB"


def test_each_change_has_a_letter_besides_its_tone() -> None:
    found = tree()
    assert found.label("/etc") == [("C ", "changed"), ("etc/", "changed")]
    assert found.label("/etc/new") == [("A ", "added"), ("new", "added")]
    assert found.label("/bin/gone") == [("D ", "removed"), ("gone", "removed")]
    assert found.label("/srv") == [("  ", ""), ("srv/", "dim")]


def test_counts_are_told_in_all_and_below_each_folder() -> None:
    found = tree()
    assert found.counts == {CHANGED: 1, ADDED: 2, DELETED: 1}
    assert "".join(text for text, _ in found.count_spans()) == "  A 2 added  C 1 changed  D 1 deleted"
    assert found.columns("/srv") == [(" A1", "added")]
    assert found.columns("/etc/new") == ()


@given(st.lists(st.tuples(st.text(st.sampled_from("ab/"), max_size=8), st.integers(-1, 3)), max_size=30))
def test_any_answer_makes_a_tree_whose_counts_agree(changes: list[tuple[str, int]]) -> None:
    found = ChangeTree(changes)
    counted = {CHANGED: 0, ADDED: 0, DELETED: 0}
    waiting = list(found.roots())
    while waiting:
        node = waiting.pop()
        letter = found.label(node)[0][0].strip()
        if letter:
            counted[{"C": CHANGED, "A": ADDED, "D": DELETED}[letter]] += 1
        children = found.children(node)
        assert list(children) == sorted(set(children))
        assert all(found.path_to(child)[:-1] == found.path_to(node) for child in children)
        waiting += children
    assert counted == found.counts
