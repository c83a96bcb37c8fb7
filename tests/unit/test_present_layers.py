"""What the layers screen says of an image, by hand and against random stacks of layers; and what the cache keeps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine.archive import KnownLayer
from tui.jobs.layer_cache import LayerCache
from tui.model.file_tree import ROOT, Change, FileTree, Kind
from tui.model.images import HistoryEntry
from tui.model.layers import ImageConfig, ImageLayers, Layer
from tui.model.tree_builder import TreeBuilder
from tui.model.waste import Lost, waste_of
from tui.present.layer_tree import LayerTree, LayerView, Show, TreePath
from tui.present.layers import analysis_of, history_rows, image_rows, row_details, words_of

Entry = tuple[str, Kind, int]
FILE, FOLDER, LINK = Kind.FILE, Kind.FOLDER, Kind.SYMLINK


def tree(*entries: Entry) -> FileTree:
    builder = TreeBuilder()
    for path, kind, size in entries:
        builder.add(path.encode("utf-8", "surrogateescape"), kind, size, 0o755 if kind is FOLDER else 0o644)
    return builder.finish()


def image_of(*trees: FileTree) -> ImageLayers:
    return ImageLayers(tuple(Layer(f"RUN {n}", tree=made) for n, made in enumerate(trees)), ImageConfig())


def walked(source: LayerTree) -> dict[str, TreePath]:
    """Every node that is shown, in order."""
    found: dict[str, TreePath] = {}
    waiting = list(reversed(source.roots()))
    while waiting:
        node = waiting.pop()
        found[node] = node
        assert source.has_children(node) == bool(source.children(node))
        waiting.extend(reversed(source.children(node)))
    return found


def text(spans: object) -> str:
    return "".join(part for part, _ in spans)  # type: ignore[union-attr]


STEPS = image_of(
    tree(("etc", FOLDER, 0), ("etc/a", FILE, 10), ("etc/b", FILE, 2000), ("old/x", FILE, 500), ("same", FILE, 7)),
    tree(("etc/a", FILE, 11), ("etc/.wh.b", FILE, 0), (".wh.old", FILE, 0), ("new/n", FILE, 40)),
)


def test_a_layer_alone_has_what_it_does_and_the_image_has_all() -> None:
    view = LayerView.of(STEPS, 1)
    alone = walked(LayerTree(view, whole=False))
    assert list(alone) == ["/etc", "/etc/a", "/etc/b", "/new", "/new/n", "/old", "/old/x"]
    whole = walked(LayerTree(view, whole=True))
    assert set(whole) == set(alone) | {"/same"}
    assert text(view.spans()) == "  A 1 added  C 1 changed  D 2 deleted 2.5kB"


def test_sizes_are_the_layers_own_or_the_images() -> None:
    view = LayerView.of(STEPS, 1)
    layer, whole = LayerTree(view, whole=False), LayerTree(view, whole=True)
    shown = walked(layer)
    assert {path: layer.size_of(node.node) for path, node in shown.items()} == {
        "/etc": 11,
        "/etc/a": 11,
        "/etc/b": 2000,
        "/new": 40,
        "/new/n": 40,
        "/old": 500,
        "/old/x": 500,
    }
    assert {path: whole.size_of(node.node) for path, node in walked(whole).items() if path in ("/etc", "/same")} == {
        "/etc": 11,
        "/same": 7,
    }


@pytest.mark.parametrize(
    ("show", "paths"),
    [
        ("added", ["/new", "/new/n"]),
        ("changed", ["/etc", "/etc/a"]),
        ("deleted", ["/etc", "/etc/b", "/old", "/old/x"]),
    ],
)
@pytest.mark.parametrize("whole", [False, True])
def test_one_kind_of_change_with_the_folders_on_the_way(show: Show, paths: list[str], whole: bool) -> None:
    assert list(walked(LayerTree(LayerView.of(STEPS, 1), whole=whole, show=show))) == paths


def test_the_greatest_first() -> None:
    view = LayerView.of(STEPS, 1)
    assert [str(node) for node in LayerTree(view, whole=False, by_size=True).roots()] == ["/old", "/new", "/etc"]
    assert [str(node) for node in LayerTree(view, whole=True, by_size=True).roots()] == [
        "/old", "/new", "/etc", "/same",
    ]  # fmt: skip


def test_rows_say_mark_name_mode_owner_and_link() -> None:
    builder = TreeBuilder()
    builder.add(b"bin/su", FILE, 1500, 0o4755, (0, 1000))
    builder.add(b"bin/sh", LINK, 0, 0o777, (0, 0), 0, b"busybox\xff")
    builder.add(b"hard", Kind.HARDLINK, 0, 0o644, (0, 0), 0, b"bin/su")
    builder.add(b"pipe", Kind.FIFO, 0, 0o600)
    builder.add(b"../out", FILE, 1)
    view = LayerView.of(image_of(builder.finish()), 0)
    source = LayerTree(view, whole=False, wide=True)
    nodes = walked(source)
    assert text(source.label(nodes["/bin/sh"])) == "A sh → busybox\udcff"
    assert text(source.label(nodes["/hard"])) == "A hard = bin/su"
    assert text(source.label(nodes["/pipe"])) == "A pipe (fifo)"
    assert "with .." in text(source.label(nodes["/out"]))
    assert [cell for cell, _ in source.columns(nodes["/bin/su"])] == ["-rwsr-xr-x", "0:1000", "1.5kB"]
    assert source.columns(nodes["/bin/su"])[0][1] == "warn"
    assert [cell for cell, _ in source.columns(nodes["/bin/sh"])] == ["lrwxrwxrwx", "0:0", ""]
    assert [cell for cell, _ in source.columns(nodes["/bin"])] == ["", "", "1.5kB"]  # no entry of its own: no mode
    narrow = LayerTree(view, whole=False, arrow="->")
    assert [cell for cell, _ in narrow.columns(nodes["/bin/su"])] == ["1.5kB"]
    assert text(narrow.label(nodes["/bin/sh"])).startswith("A sh -> ")


def test_the_way_to_what_changed_if_it_is_little() -> None:
    view = LayerView.of(STEPS, 1)
    source = LayerTree(view, whole=True)
    assert [way[-1] for way in source.changed_paths(4)] == ["/etc/a", "/etc/b", "/new/n", "/old/x"]
    assert source.changed_paths(3) == []
    assert [str(node) for node in source.path_to("/etc/a")] == ["/etc", "/etc/a"]
    assert source.path_to("/etc/none/deeper") == []
    assert LayerTree(view, whole=False).path_to("/same") == []


def test_equal_paths_are_one_place_in_every_tree() -> None:
    first = walked(LayerTree(LayerView.of(STEPS, 0), whole=True))
    second = walked(LayerTree(LayerView.of(STEPS, 1), whole=True))
    assert first["/same"] == second["/same"]
    assert first["/same"].node != second["/same"].node
    assert {first["/same"]} == {second["/same"]}


PATHS = ["a", "b", "a/x", "a/y", "b/x", "a/x/1", "a/x/2", "b/x/1"]
LAYER = st.dictionaries(st.sampled_from(PATHS), st.tuples(st.sampled_from(["file", "dir", "gone"]), st.integers(0, 9)))


def stacked(layers: list[dict[str, tuple[str, int]]]) -> ImageLayers:
    """Layers as engines write them: nothing below a file or below what is removed."""
    trees: list[FileTree] = []
    for layer in layers:
        closed = [path for path, (kind, _) in layer.items() if kind != "dir"]
        entries: list[Entry] = []
        for path, (kind, size) in layer.items():
            if any(path.startswith(above + "/") for above in closed):
                continue
            folder, _, name = path.rpartition("/")
            marked = f"{folder}/.wh.{name}".lstrip("/")
            entries.append((marked if kind == "gone" else path, FOLDER if kind == "dir" else FILE, size))
        trees.append(tree(*entries))
    return image_of(*trees)


@given(st.lists(LAYER, min_size=1, max_size=4))
def test_figures_add_up(layers: list[dict[str, tuple[str, int]]]) -> None:
    image = stacked(layers)
    for number, layer in enumerate(image.layers):
        view = LayerView.of(image, number)
        assert view.own[ROOT] == layer.size
        shown = {
            node.node: node
            for node in walked(LayerTree(view, whole=False)).values()
            if view.tree.kind(node.node) is not FOLDER
        }
        assert sum(view.counts.values()) == len(shown)
        assert len(LayerTree(view, whole=False).changed_paths(100)) == len(shown)
        assert view.gone[ROOT] == sum(
            view.tree.size(node) for node in shown if view.tree.change[node] == Change.REMOVED
        )
        for what, name in ((Change.ADDED, "added"), (Change.CHANGED, "changed"), (Change.REMOVED, "deleted")):
            narrowed = walked(LayerTree(view, whole=True, show=name))  # pyright: ignore[reportArgumentType]
            wanted = {view.tree.path(node) for node in range(1, len(view.tree)) if view.tree.change[node] == what}
            assert wanted <= set(narrowed)
            assert all(path in wanted or any(p.startswith(path + "/") for p in wanted) for path in narrowed)


@given(st.lists(LAYER, min_size=1, max_size=4))
def test_the_list_of_waste_is_all_of_it(layers: list[dict[str, tuple[str, int]]]) -> None:
    image = stacked(layers)
    whole = image.view(len(image.layers) - 1)
    waste = waste_of(image.trees)
    assert waste.size == image.waste(whole) == sum(lost.size for lost in waste.files())
    assert [lost.size for lost in waste.files()] == sorted((lost.size for lost in waste.files()), reverse=True)
    for lost in waste.files():
        assert lost.by > lost.layer
        node = image.layers[lost.layer].tree.find(lost.path)
        assert node is not None
        assert image.layers[lost.layer].tree.size(node) == lost.size
        before, after = image.view(lost.by - 1), image.view(lost.by)
        there = before.find(lost.path)
        assert there is not None
        assert before.layer[there] == lost.layer  # it was seen until then
        gone = after.find(lost.path)
        assert gone is None or after.change[gone] == Change.REMOVED or after.layer[gone] == lost.by


def test_waste_says_where_it_comes_from() -> None:
    image = image_of(tree(("a", FILE, 5)), tree(("a", FILE, 6)), tree(("a", FILE, 7), ("b", FILE, 1)))
    assert waste_of(image.trees).files() == [
        Lost("/a", 6, 1, 2, "rewritten"),
        Lost("/a", 5, 0, 1, "rewritten"),
    ]
    totals = analysis_of(image).totals
    assert (totals.size, totals.waste, totals.files, totals.layers) == (19, 11, 2, 3)
    assert text(totals.counts()) == " 19B  3 layers  2 files "
    assert text(totals.verdict()) == " waste 11B (58%)  efficiency 31.6% "  # (5 + 1) / (5 + 6 + 7 + 1)
    nothing = analysis_of(image_of(tree())).totals
    assert text(nothing.counts() + nothing.verdict()) == " 0B  1 layer  0 files  waste none  efficiency 100% "


def test_the_history_stands_oldest_first_in_dockerfile_words() -> None:
    entries = [
        HistoryEntry("sha256:2", 30, '/bin/sh -c #(nop)  CMD ["sh"]'),
        HistoryEntry("<missing>", 20, "RUN /bin/sh -c make \\\n  all # buildkit", size=5),
        HistoryEntry("<missing>", 0, "", size=7, comment="Imported from -"),
    ]
    rows = history_rows(entries)
    assert [row.instruction for row in rows] == ["Imported from -", "RUN make \\ all", 'CMD ["sh"]']
    assert [row.empty for row in rows] == [False, False, True]
    assert [row.created for row in rows] == [None, 20.0, 30.0]
    assert [row.image_id for row in rows] == ["", "", "sha256:2"]
    assert words_of("", "") == "(no instruction)"
    layers = (
        Layer("", "1970-01-01T00:00:10Z", "Imported from -", tree=tree(("a", FILE, 3)), diff_id="sha256:d"),
        Layer("RUN /bin/sh -c make \\\n  all # buildkit", tree=tree(("b", FILE, 4))),
        Layer('CMD ["sh"]', empty=True),
    )
    read = image_rows(ImageLayers(layers, ImageConfig()), rows)
    assert [(row.size, row.empty, row.image_id) for row in read] == [
        (3, False, ""), (4, False, ""), (0, True, "sha256:2"),
    ]  # fmt: skip
    assert read[0].created == 10.0
    told = row_details(read[1], 2)
    assert told.endswith("RUN make \\\n  all")
    assert "4B (4 bytes)" in told
    assert image_rows(ImageLayers(layers[:2], ImageConfig()), rows)[1].image_id == ""  # they do not match: no IDs


def test_the_cache_is_bounded_by_images_and_by_paths() -> None:
    cache = LayerCache(most_images=2, most_paths=10)
    small = [image_of(tree((f"{n}", FILE, 1))) for n in range(3)]
    cache.put("0", small[0])
    cache.put("1", small[1])
    assert cache.get("0") is small[0]
    cache.put("2", small[2])
    assert cache.get("1") is None  # looked at longest ago
    assert cache.get("0") is small[0]
    large = image_of(tree(*((f"{n}", FILE, 1) for n in range(20))))
    cache.put("large", large)
    assert cache.get("large") is large
    assert cache.get("0") is None
    shared = ImageLayers((Layer("a", diff_id="sha256:x", tree=small[0].layers[0].tree),), ImageConfig())
    cache.put("shared", shared)
    assert cache.trees(["sha256:x", "sha256:y"]) == {"sha256:x": KnownLayer("sha256:x", small[0].layers[0].tree)}
