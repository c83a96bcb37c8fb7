"""Two images side by side: layers in common, files that differ, and configurations that differ."""

from collections.abc import Mapping
from typing import Final

import msgspec

from tui.model.file_tree import ROOT, Change, Columns, FileTree, Kind
from tui.model.layers import ImageConfig, ImageLayers, mark_within

_CONFIG: Final = (
    ("user", "user"),
    ("working_dir", "working folder"),
    ("entrypoint", "entrypoint"),
    ("cmd", "command"),
    ("stop_signal", "stop signal"),
)


class Difference(msgspec.Struct, frozen=True):
    """A part of the configuration: what the first image has (None: nothing) and what the second one has."""

    name: str
    first: str | None
    second: str | None


class Sharing(msgspec.Struct, frozen=True):
    """Layers by what the images share: `common` of them at the bottom of both; sizes are bytes of files."""

    common: int
    common_size: int
    first_only: tuple[int, ...]
    second_only: tuple[int, ...]


class FileDifferences(msgspec.Struct, frozen=True):
    """The files of both images as one tree, marked by what makes the second image of the first.

    `counts` and `sizes` are of what is no folder, by Change; a changed file has the second image's size. `older` are
    the sizes that changed files have in the first image.
    """

    tree: FileTree
    counts: dict[Change, int]
    sizes: dict[Change, int]
    older: int


def shared_layers(first: ImageLayers, second: ImageLayers) -> Sharing:
    """Returns which layers the images have in common: those at the bottom, and any other with the same content."""
    ones = [number for number, layer in enumerate(first.layers) if not layer.empty]
    others = [number for number, layer in enumerate(second.layers) if not layer.empty]
    known = {first.layers[number].diff_id for number in ones}
    theirs = {second.layers[number].diff_id for number in others}
    common = [number for number in ones if first.layers[number].diff_id in theirs]
    return Sharing(
        len(common),
        sum(first.layers[number].size for number in common),
        tuple(number for number in ones if first.layers[number].diff_id not in theirs),
        tuple(number for number in others if second.layers[number].diff_id not in known),
    )


def config_differences(first: ImageLayers, second: ImageLayers) -> list[Difference]:
    """Returns what differs in the configurations, environment and labels name by name."""
    found: list[Difference] = []
    for name, one, other in (
        ("platform", f"{first.os}/{first.architecture}", f"{second.os}/{second.architecture}"),
        ("created", first.created or None, second.created or None),
    ):
        if one != other:
            found.append(Difference(name, one, other))
    for attribute, name in _CONFIG:
        one, other = (_words(getattr(image.config, attribute)) for image in (first, second))
        if one != other:
            found.append(Difference(name, one, other))
    for name, of in (("env", _environment), ("label", _labels), ("port", _ports), ("volume", _volumes)):
        found += _mapped(name, of(first.config), of(second.config))
    return found


def _mapped(name: str, first: Mapping[str, str], second: Mapping[str, str]) -> list[Difference]:
    keys = sorted(first.keys() | second.keys())
    found = [Difference(f"{name} {key}", first.get(key), second.get(key)) for key in keys]
    return [one for one in found if one.first != one.second]


def _words(value: object) -> str | None:
    if isinstance(value, tuple):
        return msgspec.json.encode(value).decode()  # pyright: ignore[reportUnknownArgumentType] of strings
    return str(value) if value else None


def _environment(config: ImageConfig) -> dict[str, str]:
    return {name: value for name, _, value in (entry.partition("=") for entry in config.env or ())}


def _labels(config: ImageConfig) -> Mapping[str, str]:
    return config.labels or {}


def _ports(config: ImageConfig) -> dict[str, str]:
    return dict.fromkeys(config.exposed_ports or (), "exposed")


def _volumes(config: ImageConfig) -> dict[str, str]:
    return dict.fromkeys(config.volumes or (), "declared")


def compare_files(first: FileTree, second: FileTree) -> FileDifferences:
    """Returns how the files of two images differ; the trees are those of the whole images (`ImageLayers.view`).

    Contents are not compared: files are the same where kind, size, mode, owner, link and time are. Takes some seconds
    for a million paths.
    """
    return _Pairing(first, second).run()


class _Pairing:
    """Walks both trees at once; `_nodes` has for each node of the new tree whether it is of the second one."""

    def __init__(self, first: FileTree, second: FileTree) -> None:
        self._trees = (first, second)
        self._columns = Columns()
        self._folders: list[tuple[int, int | None, int | None]] = []
        self._counts = {Change.ADDED: 0, Change.CHANGED: 0, Change.REMOVED: 0}
        self._sizes = dict(self._counts)
        self._older = 0

    def run(self) -> FileDifferences:
        columns = self._columns
        self._append(1, ROOT, 0, Change.SAME)
        self._folders.append((0, ROOT, ROOT))
        for place, one, other in self._folders:  # grows as it goes
            columns.first[place] = len(columns.kind)
            ones, others = self._named(0, one), self._named(1, other)
            for name in sorted(ones.keys() | others.keys()):
                self._entry(place, ones.get(name), others.get(name))
            columns.count[place] = len(columns.kind) - columns.first[place]
        mark_within(columns)
        return FileDifferences(FileTree(columns), self._counts, self._sizes, self._older)

    def _named(self, which: int, node: int | None) -> dict[bytes, int]:
        if node is None:
            return {}
        tree = self._trees[which]
        removed = int(Change.REMOVED)
        return {tree.name_bytes(child): child for child in tree.children(node) if tree.change[child] != removed}

    def _entry(self, parent: int, one: int | None, other: int | None) -> None:
        first, second = self._trees
        if other is None and one is not None:
            change, which, node = Change.REMOVED, 0, one
        elif one is None and other is not None:
            change, which, node = Change.ADDED, 1, other
        else:
            assert one is not None
            assert other is not None
            change, which, node = (Change.SAME if self._same(one, other) else Change.CHANGED), 1, other
        tree = self._trees[which]
        place = self._append(which, node, parent, change)
        if tree.kind(node) is not Kind.FOLDER and change in self._counts:
            self._counts[change] += 1
            self._sizes[change] += tree.size(node)
            if change is Change.CHANGED and one is not None:
                self._older += first.size(one)
        one = one if one is not None and first.kind(one) is Kind.FOLDER else None
        other = other if other is not None and second.kind(other) is Kind.FOLDER else None
        if one is not None or other is not None:
            self._folders.append((place, one, other))

    def _same(self, one: int, other: int) -> bool:
        first, second = self._trees
        kind = first.kind(one)
        if kind is not second.kind(other) or first.mode(one) != second.mode(other):
            return False
        if first.owner(one) != second.owner(other):
            return False
        if kind is Kind.FOLDER:
            return True
        if kind is Kind.SYMLINK or kind is Kind.HARDLINK:
            return first.link(one) == second.link(other)
        return first.size(one) == second.size(other) and first.mtime(one) == second.mtime(other)

    def _append(self, which: int, node: int, parent: int, change: Change) -> int:
        columns = self._columns
        self._trees[which].copy_node(node, parent, columns)
        columns.change.append(change)
        columns.layer.append(self._trees[which].layer[node])
        return len(columns.kind) - 1
