"""Waste and efficiency, advice and reports: by hand, against a plain model of the formula, and in words."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.headless_layers import over_limits
from tui.model.efficiency import efficiency
from tui.model.file_tree import FileTree, Kind
from tui.model.layers import ImageConfig, ImageLayers, Layer
from tui.model.line_up import line_up
from tui.model.tree_builder import TreeBuilder
from tui.model.waste import Lost, waste_of
from tui.present.layer_advice import advice
from tui.present.layers import Analysis, analysis_of, score_words
from tui.present.layers_report import image_report, report_json, report_text
from tui.present.waste_tree import WasteTree

Entry = tuple[str, int] | tuple[str, int, tuple[int, int]]
"""A path that ends in a slash is a folder; `.wh.` removes."""


def tree(*entries: Entry) -> FileTree:
    builder = TreeBuilder()
    for path, size, *more in entries:
        owner = more[0] if more else (0, 0)
        kind = Kind.FOLDER if path.endswith("/") else Kind.FILE
        builder.add(path.encode("utf-8", "surrogateescape"), kind, size, 0o644, owner, 1000)
    return builder.finish()


def image_of(*layers: tuple[str, FileTree]) -> ImageLayers:
    made = tuple(Layer(words, diff_id=f"sha256:{number}", tree=of) for number, (words, of) in enumerate(layers))
    return ImageLayers(made, ImageConfig(), ("app:1",), "amd64", "linux")


# efficiency


@pytest.mark.parametrize(
    ("layers", "least", "all_of_it"),
    [
        ([], 1, 1),
        ([tree()], 1, 1),
        ([tree(("a", 10))], 10, 10),
        ([tree(("a", 10)), tree(("a", 30))], 10, 40),  # the least size of a path, and all its sizes
        ([tree(("a", 10)), tree((".wh.a", 0))], 0, 10),  # a file that is removed counts nothing when it is
        ([tree(("a", 10)), tree((".wh.a", 0)), tree(("a", 4))], 0, 14),
        ([tree(("d/", 0), ("d/a", 10)), tree((".wh.d", 0))], 20, 20),  # a folder that is removed: what is below it
        ([tree(("d/", 0)), tree((".wh.d", 0))], 1, 1),
        (
            [tree(("d/", 0)), tree(("d/", 0), ("d/a", 7)), tree((".wh.d", 0))],
            7,
            14,
        ),  # the empty folder of old is the least
        ([tree(("d/a", 10)), tree((".wh.d", 0))], 10, 10),  # no entry of its own: dive takes it for a file
        ([tree(("d/", 0), ("d/a", 9)), tree(("d/.wh..wh..opq", 0), ("d/b", 1))], 10, 10),  # opaque marks say nothing
        ([tree(("d/", 0), ("d/a", 9)), tree((".wh.d", 0)), tree(("d/", 0), ("d/b", 2)), tree((".wh.d", 0))], 13, 22),
        ([tree((".wh.nothing", 0), ("a", 3))], 3, 3),
    ],
)
def test_efficiency_by_hand(layers: list[FileTree], least: int, all_of_it: int) -> None:
    assert efficiency(layers).score == pytest.approx(least / all_of_it)


PATHS = ["a", "b", "a/x", "a/y", "b/x", "a/x/1", "a/x/2", "b/x/1"]
STEP = st.dictionaries(st.sampled_from(PATHS), st.tuples(st.sampled_from(["file", "dir", "gone"]), st.integers(0, 9)))


class Daemon:
    """Layers as an engine writes them: folders with entries, removals of what is there, nothing below a file."""

    def __init__(self, steps: list[dict[str, tuple[str, int]]]) -> None:
        self.layers: list[dict[str, tuple[str, int]]] = []
        state: dict[str, str] = {}
        for step in steps:
            layer: dict[str, tuple[str, int]] = {}
            for path in sorted(step):
                kind, size = step[path]
                above = ["/".join(path.split("/")[:depth]) for depth in range(1, path.count("/") + 1)]
                if any(layer.get(up, ("dir", 0))[0] != "dir" for up in above) or (kind == "gone" and path not in state):
                    continue
                if any(state.get(up, "dir") != "dir" for up in above):
                    continue
                for up in above:
                    layer.setdefault(up, ("dir", 0))
                    state[up] = "dir"
                if kind != "dir" or state.get(path) == "file":
                    if kind == "dir":
                        continue  # an engine removes the file first, in a layer before
                    state = {known: what for known, what in state.items() if not known.startswith(path + "/")}
                if kind == "gone":
                    del state[path]
                else:
                    state[path] = kind
                layer[path] = (kind, size if kind == "file" else 0)
            self.layers.append(layer)

    def trees(self) -> list[FileTree]:
        made: list[FileTree] = []
        for layer in self.layers:
            entries: list[Entry] = []
            for path, (kind, size) in layer.items():
                folder, _, name = path.rpartition("/")
                gone = f"{folder}/.wh.{name}".lstrip("/")
                entries.append((gone if kind == "gone" else path + "/" * (kind == "dir"), size))
            made.append(tree(*entries))
        return made

    def score(self) -> float:
        """The formula as it is told: leaves of each layer, removals of folders with what is below them by then."""
        sizes: dict[str, list[int]] = {}
        state: dict[str, tuple[str, int]] = {}
        for layer in self.layers:
            for path, (kind, size) in layer.items():
                if kind == "gone":
                    below = sum(size for known, (_, size) in state.items() if known.startswith(path + "/"))
                    sizes.setdefault(path, []).append(below if state[path][0] == "dir" else 0)
                elif not any(other.startswith(path + "/") for other in layer):
                    sizes.setdefault(path, []).append(size)
            for path, (kind, size) in layer.items():
                if kind == "gone":
                    state = {k: v for k, v in state.items() if k != path and not k.startswith(path + "/")}
                else:
                    state[path] = (kind, size)
        every = sum(map(sum, sizes.values()))
        return sum(map(min, sizes.values())) / every if every else 1.0


@given(st.lists(STEP, min_size=1, max_size=4))
def test_efficiency_agrees_with_the_plain_formula(steps: list[dict[str, tuple[str, int]]]) -> None:
    daemon = Daemon(steps)
    assert efficiency(daemon.trees()).score == pytest.approx(daemon.score())


def test_bytes_of_paths_that_occur_twice() -> None:
    assert efficiency([tree(("a", 10), ("b", 1)), tree(("a", 30))]).wasted == 40


def test_a_perfect_score_is_told_of_nothing_less() -> None:
    assert [score_words(score) for score in (1.0, 0.99999, 0.5, 0.0)] == ["100%", "99.9%", "50.0%", "0.0%"]


# waste


def test_waste_names_the_layer_that_did_it() -> None:
    waste = waste_of(
        [
            tree(("d/a", 10), ("d/b", 20), ("e", 5), ("f", 6), ("g/h/i", 70)),
            tree(("d/.wh.a", 0), ("e", 5, (1, 1)), ("f", 7)),
            tree((".wh.d", 0), ("g/.wh..wh..opq", 0), ("g/new", 1)),
            tree(("d/a", 1)),
        ]
    )
    assert set(waste.files()) == {
        Lost("/d/a", 10, 0, 1, "deleted"),
        Lost("/e", 5, 0, 1, "owner"),
        Lost("/f", 6, 0, 1, "rewritten"),
        Lost("/d/b", 20, 0, 2, "deleted"),
        Lost("/g/h/i", 70, 0, 2, "deleted"),
    }
    assert [(layer.by, layer.size, layer.count) for layer in waste.layers] == [(2, 90, 2), (1, 21, 3)]
    assert waste.layers[1].lost == {"deleted": 10, "owner": 5, "rewritten": 6}
    assert waste.layers[0].brought == {0: 90}


def test_the_list_of_waste_is_bounded_and_its_sums_are_not() -> None:
    many = [(f"d/{number:03}", number) for number in range(1, 101)]
    waste = waste_of([tree(*many), tree((".wh.d", 0))], most=3)
    assert [lost.path for lost in waste.files()] == ["/d/100", "/d/099", "/d/098"]
    assert (waste.size, waste.layers[0].count) == (5050, 100)
    image = image_of(("ADD", tree(*many)), ("RUN rm", tree((".wh.d", 0))))
    source = WasteTree(image, waste)
    (root,) = source.roots()
    children = source.children(root)
    assert ["".join(text for text, _ in source.label(node)) for node in [root, *children]] == [
        "layer 2 deletes 100  RUN rm",
        "D /d/100  of layer 1",
        "D /d/099  of layer 1",
        "D /d/098  of layer 1",
        "and 97 smaller files",
    ]
    assert source.lost(root) is source.lost(children[-1]) is None


# advice and report


MB = 1_000_000


def analysed() -> Analysis:
    return analysis_of(
        image_of(
            ("ADD base", tree(("bin/sh", MB), ("srv/app", 30 * MB), ("srv/data", 2 * MB))),
            ("RUN apt-get install x", tree(("var/lib/apt/lists/a", 40 * MB), ("root/.cache/pip/w", MB), ("tmp/t", 5))),
            ("COPY . /src # buildkit", tree(("src/.git/pack", 3 * MB), ("src/x.git", 9 * MB), ("src/big", 8 * MB))),
            ("RUN chown -R 1:1 /srv", tree(("srv/app", 30 * MB, (1, 1)), ("srv/data", 2 * MB, (1, 1)))),
            ("RUN rm /src/big", tree(("src/.wh.big", 0))),
            ("RUN sed -i /bin/sh", tree(("bin/sh", MB + 1))),
        )
    )


def test_advice_says_what_and_who_and_what_to_do() -> None:
    found = analysed()
    words = [one.text for one in advice(found.image, found.whole, found.waste)]
    assert [one.size for one in advice(found.image, found.whole, found.waste)] == [
        40 * MB, 32 * MB, 8 * MB, 3 * MB, MB, MB,
    ]  # fmt: skip
    assert words[0] == (
        "40MB of package lists of apt in /var/lib/apt/lists, of layer 2 (RUN apt-get install x): "
        "end the RUN that installs with: rm -rf /var/lib/apt/lists/*"
    )
    assert words[1].startswith("layer 4 (RUN chown -R 1:1 /srv) writes 2 files (32MB) of layer 1 again only to change")
    assert words[2].startswith("layer 5 (RUN rm /src/big) deletes 1 file (8MB) of layer 3, which stay in the image")
    assert words[3].endswith("/src/.git, of layer 3 (COPY . /src): name .git in .dockerignore")
    assert any("cache of pip" in text for text in words)
    assert any("writes 1 file anew of which layer 1 has 1MB still" in text for text in words)


def test_an_image_without_fault_gets_no_advice() -> None:
    found = analysis_of(image_of(("ADD", tree(("bin/sh", MB)))))
    assert advice(found.image, found.whole, found.waste) == []


def test_the_report_is_json_with_all_figures() -> None:
    found = analysed()
    report = json.loads(report_json(image_report("app:1", "sha256:x", found)))
    assert (report["format"], report["image"], report["tags"]) == (1, "app:1", ["app:1"])
    assert (report["size"], report["wasted"], report["files"]) == (found.image.size, 41 * MB, 8)
    assert report["efficiency"] == found.totals.score
    assert [layer["instruction"] for layer in report["layers"]][2:4] == ["COPY . /src", "RUN chown -R 1:1 /srv"]
    assert [layer["removed_paths"] for layer in report["layers"]] == [0, 0, 0, 0, 1, 0]
    assert report["wasted_files"][0] == {
        "path": "/srv/app", "size": 30 * MB, "layer": 1, "by_layer": 4,
        "by_instruction": "RUN chown -R 1:1 /srv", "how": "owner",
    }  # fmt: skip
    text = report_text(image_report("app:1", "sha256:x", found))
    assert any("/src/big  (layer 3, deleted by 5)" in line for line in text)
    assert "advice:" in text


def test_names_that_are_no_utf_8_are_in_the_report() -> None:
    found = analysis_of(image_of(("ADD", tree(("\udcff", 5))), ("RUN", tree((".wh.\udcff", 0)))))
    assert json.loads(report_json(image_report("a\udcff", "", found)))["wasted_files"][0]["path"] == "/\ufffd"


# history without a configuration


@pytest.mark.parametrize(
    ("history", "sizes", "empty"),
    [
        ([], [], []),
        ([("ADD x", 5), ("CMD y", 0)], [5], [False, True]),
        ([("ADD x", 5), ("RUN rm a", 0), ("ENV y", 0)], [5, 0], [False, False, True]),
        ([("ADD x", 5), ("RUN true", 0), ("RUN rm a", 0)], [5, 0], None),  # which of the two has the layer?
        ([("ADD x", 5), ("RUN true", 0), ("RUN true", 0)], [5], [False, True, True]),
        ([("ADD x", 5), ("WORKDIR /x", 0)], [5, 0], [False, False]),
        ([("ADD x", 5)], [5, 6], None),
        ([("ADD x", 5), ("ADD y", 6)], [5], None),
        ([("ADD x", 4096), ("RUN rm a", 4096)], [5, 0], [False, False]),  # a store that counts blocks
        ([("ADD x", 0)], [5], None),
        ([('/bin/sh -c #(nop)  CMD ["sh"]', 0), ("/bin/sh -c make", 7)], [7], [True, False]),
    ],
)
def test_history_lines_up_only_where_it_is_certain(
    history: list[tuple[str, int]], sizes: list[int], empty: list[bool] | None
) -> None:
    assert line_up(history, [tree(("f", size)) for size in sizes]) == empty


@given(st.lists(st.sampled_from([("ADD", 3, False), ("ENV a", 0, True), ("RUN rm", 0, False), ("RUN no", 0, True)])))
def test_what_is_lined_up_is_right(entries: list[tuple[str, int, bool]]) -> None:
    history = [(words, size) for words, size, _ in entries]
    trees = [tree(("f", size)) for _, size, empty in entries if not empty]
    found = line_up(history, trees)
    assert found is None or found == [empty for _, _, empty in entries]


def test_limits_say_what_is_worse() -> None:
    report = image_report("app:1", "", analysed())
    assert list(over_limits(report, None, None)) == []
    assert list(over_limits(report, report.wasted, report.efficiency)) == []
    assert list(over_limits(report, report.wasted - 1, 1.0)) == [
        "41MB (41,000,000 bytes) are wasted, and 41MB are allowed",
        f"the efficiency is {score_words(report.efficiency)}, and at least 100.0% is wanted",
    ]
