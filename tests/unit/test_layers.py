"""Trees in arrays and layers on top of each other, against a plain model made of dictionaries."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tui.model import tree_builder
from tui.model.file_tree import ESCAPES, IMPLIED, OPAQUE, ROOT, Change, FileTree, Kind
from tui.model.layers import EMPTY_TREE, ImageConfig, ImageLayers, Layer, instruction_of, merge
from tui.model.tree_builder import MAX_PATH, PathTooLong, TreeBuilder
from tui.model.waste import waste_of

Entry = tuple[str, Kind, int]


def tree(*entries: Entry) -> FileTree:
    builder = TreeBuilder()
    for path, kind, size in entries:
        builder.add(path.encode("utf-8", "surrogateescape"), kind, size)
    return builder.finish()


def paths(of: FileTree) -> list[str]:
    return [of.path(node) for node in range(len(of))]


def changes(of: FileTree) -> dict[str, str]:
    return {of.path(node): Change(of.change[node]).name for node in range(len(of)) if of.change[node]}


def test_a_tree_stands_breadth_first_and_by_name() -> None:
    found = tree(("b/z", Kind.FILE, 5), ("a", Kind.FILE, 3), ("b", Kind.FOLDER, 0), ("b/c/d", Kind.FILE, 1))
    assert paths(found) == ["/", "/a", "/b", "/b/c", "/b/z", "/b/c/d"]
    assert [found.name(node) for node in found.children(ROOT)] == ["a", "b"]
    assert found.total_size(ROOT) == 9
    assert found.file_count(ROOT) == 3
    folder = found.find("/b")
    assert folder is not None
    assert found.total_size(folder) == 6
    assert not found.flags(folder) & IMPLIED
    assert found.find("b/c/d") == 5
    assert found.find("/b/nothing") is None
    assert found.find("/") == ROOT
    assert found.parent(5) == 3


def test_attributes_are_kept() -> None:
    builder = TreeBuilder()
    builder.add(b"s", Kind.SYMLINK, 9, 0o100777, (1 << 40, -1), -5, b"../\xff")
    builder.add(b"d", Kind.CHARACTER_DEVICE, 9, 0o4660, (3, 4), 1 << 70)
    found = builder.finish()
    link, device = found.find("s"), found.find("d")
    assert link is not None
    assert device is not None
    assert (found.mode(link), found.owner(link), found.mtime(link), found.size(link)) == (0o777, (2**32 - 1, 0), -5, 0)
    assert found.link(link) == "../\udcff"
    assert found.kind(device).special
    assert not found.kind(link).special
    assert found.mtime(device) == 2**63 - 1
    assert found.link(device) == ""


def test_an_entry_told_twice_is_the_last_one() -> None:
    found = tree(("a", Kind.FILE, 3), ("./a", Kind.FILE, 7), ("a", Kind.FILE, 4))
    assert paths(found) == ["/", "/a"]
    assert found.total_size(ROOT) == 4


@pytest.mark.parametrize(
    ("written", "shown", "escapes"),
    [
        ("./a/b", "/a/b", False),
        ("a//b/./c/", "/a/b/c", False),
        (".hidden", "/.hidden", False),
        ("/etc/passwd", "/etc/passwd", True),
        ("../../etc/passwd", "/etc/passwd", True),
        ("a/../../b", "/b", True),
        ("a/..b/...", "/a/..b/...", False),
        ("\udcff/é", "/\udcff/é", False),
    ],
)
def test_paths_never_leave_the_root(written: str, shown: str, escapes: bool) -> None:
    found = tree((written, Kind.FILE, 1))
    node = found.find(shown)
    assert paths(found)[-1] == shown
    assert node is not None
    assert bool(found.flags(node) & ESCAPES) is escapes


@pytest.mark.parametrize("path", ["", ".", "./", "/", "..", "a/.."])
def test_nothing_but_a_folder_is_the_root(path: str) -> None:
    found = tree((path, Kind.FILE, 5), (path, Kind.FOLDER, 0))
    assert paths(found) == ["/"]
    assert found.kind(ROOT) is Kind.FOLDER


def test_a_path_has_a_bound() -> None:
    with pytest.raises(PathTooLong):
        TreeBuilder().add(b"x" * (MAX_PATH + 1), Kind.FILE)


def test_search_is_by_name_and_blind_to_case() -> None:
    found = tree(("Readme", Kind.FILE, 1), ("x/README.md", Kind.FILE, 1), ("read/me", Kind.FILE, 1))
    assert [found.path(node) for node in found.search("readme")] == ["/Readme", "/x/README.md"]
    assert [found.path(node) for node in found.search("READ")] == ["/Readme", "/read", "/x/README.md"]
    assert list(found.search("")) == []
    assert list(found.search("d/m")) == []


def test_changes_of_the_last_layer() -> None:
    below = tree(
        ("etc", Kind.FOLDER, 0),
        ("etc/a", Kind.FILE, 10),
        ("etc/b", Kind.FILE, 20),
        ("old/x", Kind.FILE, 5),
        ("s", Kind.FILE, 1),
    )
    last = tree(
        ("etc", Kind.FOLDER, 0),
        ("etc/a", Kind.FILE, 11),
        ("etc/.wh.b", Kind.FILE, 0),
        (".wh.old", Kind.FILE, 0),
        ("n", Kind.FILE, 2),
    )
    view = merge([below, last])
    assert changes(view) == {
        "/": "WITHIN",
        "/etc": "WITHIN",
        "/etc/a": "CHANGED",
        "/etc/b": "REMOVED",
        "/old": "REMOVED",
        "/old/x": "REMOVED",
        "/n": "ADDED",
    }
    assert view.total_size(ROOT) == 14
    assert {view.path(node): view.layer[node] for node in range(len(view)) if view.kind(node) is Kind.FILE} == {
        "/etc/a": 1,
        "/etc/b": 0,
        "/n": 1,
        "/old/x": 0,
        "/s": 0,
    }


def test_an_opaque_folder_hides_what_was_below() -> None:
    below = tree(("d/a", Kind.FILE, 1), ("d/b/c", Kind.FILE, 2))
    opaque = tree(("d/.wh..wh..opq", Kind.FILE, 0), ("d/a", Kind.FILE, 4))
    above = tree(("e", Kind.FILE, 8))
    assert changes(merge([below, opaque])) == {
        "/": "WITHIN",
        "/d": "WITHIN",
        "/d/a": "CHANGED",
        "/d/b": "REMOVED",
        "/d/b/c": "REMOVED",
    }
    whole = merge([below, opaque, above])
    assert paths(whole) == ["/", "/d", "/e", "/d/a"]
    only = merge([below, tree(("d/.wh..wh..opq", Kind.FILE, 0))])
    assert changes(only)["/d/a"] == "REMOVED"
    assert only.total_size(ROOT) == 0


@pytest.mark.parametrize("mark", ["app/node_modules/.wh..wh..opq", "app/.wh.node_modules"])
def test_what_a_folder_hides_stays_hidden_in_the_folders_that_are_made_again(mark: str) -> None:
    """As `RUN rm -rf node_modules && npm ci` leaves it."""
    below = tree(
        ("app/node_modules/left-pad/index.js", Kind.FILE, 100),
        ("app/node_modules/left-pad/old.js", Kind.FILE, 900),
        ("app/node_modules/gone/x.js", Kind.FILE, 50),
        ("app/node_modules/deep/er", Kind.FOLDER, 0),
        ("app/node_modules/deep/er/old.js", Kind.FILE, 7),
    )
    again = tree(
        (mark, Kind.FILE, 0),
        ("app/node_modules/left-pad/index.js", Kind.FILE, 120),
        ("app/node_modules/deep/er", Kind.FOLDER, 0),
    )
    view = merge([below, again])
    assert changes(view) == {
        "/": "WITHIN",
        "/app": "WITHIN",
        "/app/node_modules": "WITHIN",
        "/app/node_modules/deep": "WITHIN",
        "/app/node_modules/deep/er": "WITHIN",
        "/app/node_modules/gone": "REMOVED",
        "/app/node_modules/left-pad": "WITHIN",
        "/app/node_modules/deep/er/old.js": "REMOVED",
        "/app/node_modules/gone/x.js": "REMOVED",
        "/app/node_modules/left-pad/index.js": "CHANGED",
        "/app/node_modules/left-pad/old.js": "REMOVED",
    }
    assert (view.total_size(ROOT), view.file_count(ROOT)) == (120, 1)
    assert waste_of([below, again]).size == 100 + 900 + 50 + 7


def test_a_folder_that_becomes_a_file_and_a_folder_again_is_empty() -> None:
    layers = [
        tree(("p/a", Kind.FILE, 1)),
        tree(("p", Kind.FILE, 5)),
        tree(("p", Kind.FOLDER, 0), ("p/b", Kind.FILE, 2)),
    ]
    assert changes(merge(layers[:2])) == {"/": "WITHIN", "/p": "CHANGED"}
    view = merge(layers)
    assert paths(view) == ["/", "/p", "/p/b"]
    assert changes(view) == {"/": "WITHIN", "/p": "CHANGED", "/p/b": "ADDED"}


def test_a_whiteout_beside_the_new_file_of_the_layer() -> None:
    for entries in [
        (("d/.wh.f", Kind.FILE, 0), ("d/f", Kind.FILE, 2)),
        (("d/f", Kind.FILE, 2), ("d/.wh.f", Kind.FILE, 0)),
    ]:
        view = merge([tree(("d/f/x", Kind.FILE, 9)), tree(*entries)])
        assert changes(view)["/d/f"] == "CHANGED"
        assert view.total_size(ROOT) == 2


def test_bookkeeping_of_aufs_is_left_out() -> None:
    assert paths(tree((".wh..wh.plnk/1.2", Kind.FILE, 1), (".wh..wh.aufs", Kind.FILE, 1))) == ["/"]
    assert paths(tree((".wh.", Kind.FILE, 1))) == ["/"]
    assert tree((".wh..wh..opq", Kind.FILE, 1)).flags(ROOT) & OPAQUE


PATHS = st.sampled_from(["a", "b", "a/x", "a/y", "b/x", "a/x/1", "a/x/2", "b/x/1"])
LAYER = st.lists(
    st.tuples(PATHS, st.sampled_from(["file", "dir", "whiteout", "opaque"]), st.integers(1, 9)), max_size=5
)


def consistent(layer: list[tuple[str, str, int]]) -> bool:
    """What an engine writes: each path once, nothing below a file, nothing below or beside its own whiteout."""
    told = [path for path, _, _ in layer]
    closed = [path for path, kind, _ in layer if kind in ("file", "whiteout")]
    return len(set(told)) == len(told) and not any(path.startswith(above + "/") for path in told for above in closed)


def model(layers: list[list[tuple[str, str, int]]]) -> dict[str, int | None]:
    """path → size, None for a folder, by the rules of the image specification."""
    state: dict[str, int | None] = {}
    for layer in layers:
        for path, kind, _ in layer:
            for known in list(state):
                below = known.startswith(path + "/")
                if (kind == "whiteout" and (below or known == path)) or (kind == "opaque" and below):
                    del state[known]
        for path, kind, size in layer:
            parts = path.split("/")
            for depth in range(1, len(parts)):
                above = "/".join(parts[:depth])
                if state.get(above, 0) is not None:
                    state[above] = None
            if kind == "file":
                state = {known: what for known, what in state.items() if not known.startswith(path + "/")}
                state[path] = size
            elif kind in ("dir", "opaque"):
                state[path] = None
    return state


def as_tree(layer: list[tuple[str, str, int]]) -> FileTree:
    builder = TreeBuilder()
    for path, kind, size in layer:
        folder, _, name = path.rpartition("/")
        if kind == "whiteout":
            builder.add(f"{folder}/.wh.{name}".lstrip("/").encode(), Kind.FILE)
        elif kind == "opaque":
            builder.add(path.encode(), Kind.FOLDER)
            builder.add(f"{path}/.wh..wh..opq".encode(), Kind.FILE)
        else:
            builder.add(path.encode(), Kind.FILE if kind == "file" else Kind.FOLDER, size)
    return builder.finish()


@given(st.lists(LAYER.filter(consistent), min_size=1, max_size=4))
@example([[("a/x/1", "file", 1)], [("a", "opaque", 1), ("a/x", "dir", 1)]])
def test_merging_agrees_with_the_model(layers: list[list[tuple[str, str, int]]]) -> None:
    view = merge([as_tree(layer) for layer in layers])
    before, after = model(layers[:-1]), model(layers)
    shown = {view.path(node)[1:]: node for node in range(1, len(view))}
    removed = {path for path, node in shown.items() if view.change[node] == Change.REMOVED}
    kept = {
        path: None if view.kind(node) is Kind.FOLDER else view.size(node)
        for path, node in shown.items()
        if path not in removed
    }
    assert kept == after
    assert removed <= set(before) - set(after)
    for path in set(before) - set(after) - removed:  # hidden with a folder that is something else now
        assert any(path.startswith(above + "/") and after.get(above, None) is not None for above in after)
    assert {path for path, node in shown.items() if view.change[node] == Change.ADDED} == set(after) - set(before)
    assert view.total_size(ROOT) == sum(size or 0 for size in after.values())


@given(st.lists(st.tuples(PATHS, st.integers(0, 99)), max_size=12))
def test_any_order_of_entries_gives_one_tree(entries: list[tuple[str, int]]) -> None:
    unique = dict(entries)
    forward = tree(*((path, Kind.FILE, size) for path, size in unique.items()))
    backward = tree(*((path, Kind.FILE, size) for path, size in reversed(unique.items())))
    assert paths(forward) == paths(backward)
    for node in range(len(forward)):
        assert forward.find(forward.path(node)) == node
        assert all(forward.parent(child) == node for child in forward.children(node))


@pytest.mark.parametrize(
    ("created_by", "instruction"),
    [
        ('/bin/sh -c #(nop)  CMD ["sh"]', 'CMD ["sh"]'),
        ("/bin/sh -c echo hi", "RUN echo hi"),
        ("|1 WHO=world /bin/sh -c echo $WHO", "RUN echo $WHO"),
        ("RUN /bin/sh -c echo hi # buildkit", "RUN echo hi"),
        ("RUN |1 WHO=world /bin/sh -c echo hi # buildkit", "RUN echo hi"),
        ("COPY a.txt /srv/ # buildkit", "COPY a.txt /srv/"),
        ('/bin/bash -o pipefail -c #(nop)  CMD ["sh"]', 'CMD ["sh"]'),
        ("/bin/bash -o pipefail -c echo hi | cat", "RUN echo hi | cat"),
        ("|1 WHO=a b /bin/bash -eo pipefail -c echo $WHO", "RUN echo $WHO"),
        ("RUN |1 WHO=world /bin/sh -e -c echo hi # buildkit", "RUN echo hi"),
        ("/usr/bin/zsh -c #(nop) COPY file:904e in /x ", "COPY file:904e in /x"),
        ("/bin/busybox ash -c #(nop)  SHELL [/bin/busybox ash -c]", "SHELL [/bin/busybox ash -c]"),
        ("powershell -Command $ErrorActionPreference = 'Stop'; #(nop)  ENV A=1", "ENV A=1"),
        ("cmd /S /C #(nop)  USER me", "USER me"),
        ("/bin/sh -c #(nop) ADD file:1 in / ", "ADD file:1 in /"),
        ("/bin/sh -c echo #(nop) CMD x", "RUN echo #(nop) CMD x"),
        ("/bin/own -c echo #(nop) else", "/bin/own -c echo #(nop) else"),
        ('ENTRYPOINT ["a b" "#(nop) CMD"]', 'ENTRYPOINT ["a b" "#(nop) CMD"]'),
        ("", ""),
    ],
)
def test_instructions(created_by: str, instruction: str) -> None:
    assert instruction_of(created_by) == instruction


@pytest.mark.parametrize("text", ["|1 " + "/a" * 50_000, "|1 " + "/bin/sh -x " * 20_000, "x #(nop) " * 20_000])
def test_a_history_without_end_is_read_at_once(text: str) -> None:
    assert instruction_of(text) == text.strip()


def test_an_image_counts_what_later_layers_hide() -> None:
    image = ImageLayers(
        (
            Layer("ADD x", tree=tree(("a", Kind.FILE, 10), ("b", Kind.FILE, 5))),
            Layer("ENV A=1", empty=True),
            Layer("RUN y", tree=tree(("a", Kind.FILE, 12), (".wh.b", Kind.FILE, 0))),
        ),
        ImageConfig(),
    )
    assert image.size == 27
    assert image.waste(image.view(2)) == 15
    assert changes(image.view(1)) == {}
    assert paths(image.view(1)) == ["/", "/a", "/b"]
    assert len(EMPTY_TREE) == 1
    assert not EMPTY_TREE.flags(ROOT) & OPAQUE


@given(st.lists(st.tuples(PATHS, st.sampled_from(["file", "dir", "whiteout", "opaque"]), st.integers(0, 9))))
def test_names_put_close_together_are_found_again(entries: list[tuple[str, str, int]]) -> None:
    expected = as_tree(entries)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tree_builder, "_MOST_LOOSE", 0)  # put together whenever another folder comes
        patch.setattr(tree_builder, "_MOST_REOPENED", 2)  # and given up after some time
        found = as_tree(entries)
    assert paths(found) == paths(expected)
    for node in range(len(found)):
        assert (found.kind(node), found.size(node), found.flags(node)) == (
            expected.kind(node),
            expected.size(node),
            expected.flags(node),
        )
