"""An image as a stack of layers: what each one brings, and the files of the whole up to any of them."""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from tui.model.file_tree import IMPLIED, OPAQUE, ROOT, Change, Columns, FileTree, Kind
from tui.model.tree_builder import TreeBuilder

_KEYWORD: Final = (
    r"(?:ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|RUN|SHELL|STOPSIGNAL|USER"
    r"|VOLUME|WORKDIR)\b"
)
_TOLD: Final = re.compile(_KEYWORD)
_NOP: Final = re.compile(r"#\(nop\)\s+")
_ANY_SHELL_NOP: Final = re.compile(rf".*? #\(nop\)\s+(?={_KEYWORD})", re.DOTALL)
_SHELL: Final = re.compile(
    r"(?:RUN )?(?:\|\d+ .*?)?(?<!\S)(?:(?:/[^\s/]+)*/?(?:ba|da|a|k|z)?sh(?: -\w+| pipefail){0,8} -\w*c |cmd /S /C )",
    re.DOTALL,
)
_BUILDKIT: Final = " # buildkit"

EMPTY_TREE: Final = TreeBuilder().finish()


class Layer(msgspec.Struct, frozen=True):
    """One entry of an image's history, the oldest first.

    `created_by` is the history's text and `instruction` the Dockerfile's. `size` is that of the files, unpacked, and
    `blob_size` that of the archive, packed where it is. `empty` layers have metadata alone. `created` is RFC 3339.
    `member` is the name under which the image's archive has the layer, empty where it was not read from one.
    """

    created_by: str
    created: str = ""
    comment: str = ""
    empty: bool = False
    diff_id: str = ""
    digest: str = ""
    blob_size: int = 0
    tree: FileTree = EMPTY_TREE
    member: str = ""

    @property
    def size(self) -> int:
        """The bytes of the files that the layer brings."""
        return self.tree.total_size(ROOT)

    @property
    def instruction(self) -> str:
        """The Dockerfile's instruction, as far as the history tells it."""
        return instruction_of(self.created_by)


class ImageConfig(msgspec.Struct, frozen=True, rename="pascal"):
    """The image's defaults for a container; the names are those of the image specification."""

    user: str = ""
    env: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    cmd: tuple[str, ...] | None = None
    working_dir: str = ""
    exposed_ports: dict[str, dict[str, object]] | None = None
    volumes: dict[str, dict[str, object]] | None = None
    labels: dict[str, str] | None = None
    stop_signal: str = ""


class RootFs(msgspec.Struct, frozen=True, rename="pascal"):
    """The digests of an image's layers, unpacked, the lowest first."""

    layers: tuple[str, ...] | None = None


class ImageStack(msgspec.Struct, frozen=True, rename="pascal"):
    """What `GET /images/{name}/json` (API 1.41 to 1.51) tells of an image's layers and its configuration."""

    id: str
    repo_tags: tuple[str, ...] | None = None
    created: str | None = None
    architecture: str = ""
    os: str = ""
    config: ImageConfig | None = None
    root_fs: RootFs = msgspec.field(default_factory=RootFs, name="RootFS")

    @property
    def diff_ids(self) -> tuple[str, ...]:
        """The digests of its layers, unpacked, the lowest first."""
        return self.root_fs.layers or ()


class ImageLayers(msgspec.Struct, frozen=True):
    """An image's layers, the lowest first, and its configuration."""

    layers: tuple[Layer, ...]
    config: ImageConfig
    tags: tuple[str, ...] = ()
    architecture: str = ""
    os: str = ""
    created: str = ""

    @property
    def size(self) -> int:
        """The bytes of the files of all layers, the hidden ones too."""
        return sum(layer.size for layer in self.layers)

    @property
    def trees(self) -> list[FileTree]:
        """The trees of all entries, the lowest first; those of empty ones are empty."""
        return [layer.tree for layer in self.layers]

    def view(self, number: int) -> FileTree:
        """The files of the image up to a layer, with what that layer does to each. Takes a second per million paths."""
        return merge([layer.tree for layer in self.layers[: number + 1]])

    def waste(self, whole: FileTree) -> int:
        """The bytes that later layers hide; `whole` is the view of the last layer."""
        return self.size - whole.total_size(ROOT)


def instruction_of(created_by: str) -> str:
    """Returns the Dockerfile's instruction of a history's `created_by`, of either builder."""
    text = created_by.removesuffix(_BUILDKIT)
    if shell := _SHELL.match(text):
        nop = _NOP.match(text, shell.end())
        return text[nop.end() :].strip() if nop else f"RUN {text[shell.end() :].strip()}"
    # the classic builder writes the words of a SHELL instruction before it
    if not _TOLD.match(text) and (nop := _ANY_SHELL_NOP.match(text)):
        return text[nop.end() :].strip()
    return text.strip()


Source = tuple[int, int]
"""The number of a layer and a node of its tree."""


def merge(trees: Sequence[FileTree]) -> FileTree:
    """Returns the tree of layers on top of each other, the lowest first, with the changes that the last one makes.

    What the last one removes is in it too, marked, and counted in no total.
    """
    return _Merge(trees).run()


class _Merge:
    """Walks all trees at once, folder by folder; a folder that one layer alone knows is copied as it is."""

    def __init__(self, trees: Sequence[FileTree]) -> None:
        self._trees = trees
        self._last = len(trees) - 1
        self._columns = Columns()
        self._folders: list[tuple[int, list[Source], bool, bool]] = []
        """Each with its place, what makes it up, and whether the last layer removes it or hides what is below in it."""

    def run(self) -> FileTree:
        columns = self._columns
        roots = [(number, ROOT) for number in range(len(self._trees))]
        told = next((s for s in reversed(roots) if not self._trees[s[0]].flags(ROOT) & IMPLIED), roots[-1])
        self._append(told, 0, Change.SAME)
        roots = [root for root in self._from_barrier(roots) if self._counts(root)]
        if roots:
            self._folders.append((0, roots, False, False))
        for place, sources, removed, hidden in self._folders:  # grows as it goes
            columns.first[place] = len(columns.kind)
            if len(sources) == 1 and not hidden and not self._trees[sources[0][0]].has_whiteout(sources[0][1]):
                self._copy(place, sources[0], removed=removed)
            else:
                self._combine(place, sources, removed=removed, hidden=hidden)
            columns.count[place] = len(columns.kind) - columns.first[place]
        mark_within(columns)
        return FileTree(columns)

    def _from_barrier(self, sources: list[Source]) -> list[Source]:
        """Drops what a folder of a layer below the last one hides; what the last one hides is to be shown."""
        for place in range(len(sources) - 1, 0, -1):
            number, node = sources[place]
            if number != self._last and self._trees[number].flags(node) & OPAQUE:
                return sources[place:]
        return sources

    def _append(self, source: Source, parent: int, change: Change) -> int:
        number, node = source
        columns = self._columns
        self._trees[number].copy_node(node, parent, columns)
        columns.change.append(change)
        columns.layer.append(number)
        return len(columns.kind) - 1

    def _copy(self, place: int, source: Source, *, removed: bool) -> None:
        number, node = source
        columns = self._columns
        folders = self._trees[number].copy_children(node, place, columns)
        change = Change.REMOVED if removed else Change.ADDED if number == self._last else Change.SAME
        added = len(columns.kind) - len(columns.change)
        columns.change += bytes([change]) * added
        columns.layer.extend([number] * added)
        self._folders.extend((there, [(number, here)], removed, False) for here, there in folders)

    def _combine(self, place: int, sources: list[Source], *, removed: bool, hidden: bool) -> None:
        entries: dict[bytes, list[Source]] = {}
        hides = hidden
        for number, node in sources:
            tree = self._trees[number]
            hides = hides or (number == self._last and bool(tree.flags(node) & OPAQUE))
            for child in tree.children(node):
                entries.setdefault(tree.name_bytes(child), []).append((number, child))
        for name in sorted(entries):
            self._entry(place, entries[name], removed=removed, hides=hides)

    def _entry(self, place: int, sources: list[Source], *, removed: bool, hides: bool) -> None:
        """One name of a folder: what the layers below make of it, and what the last one does to that."""
        latest = sources.pop() if sources[-1][0] == self._last else None
        top, below = self._stack(sources)
        if latest is None:
            if top is not None:
                self._show(place, top, below, Change.REMOVED if removed or hides else Change.SAME)
            return
        tree = self._trees[latest[0]]
        kind = tree.kind(latest[1])
        if kind is Kind.WHITEOUT:
            if top is not None:
                self._show(place, top, below, Change.REMOVED)
        elif top is None:
            self._show(place, latest, [latest], Change.ADDED)
        elif kind is Kind.FOLDER and self._kind(top) is Kind.FOLDER:
            same = bool(tree.flags(latest[1]) & IMPLIED) or self._rights(top) == self._rights(latest)
            shown = top if tree.flags(latest[1]) & IMPLIED else latest
            self._show(place, shown, [*below, latest], Change.SAME if same else Change.CHANGED, hides=hides)
        else:
            self._show(place, latest, [latest], Change.CHANGED)

    def _stack(self, sources: list[Source]) -> tuple[Source | None, list[Source]]:
        """What is seen of a name through some layers, and the folders that make up what is below it."""
        top: Source | None = None
        below: list[Source] = []
        for source in sources:
            kind = self._kind(source)
            if kind is Kind.WHITEOUT:
                top, below = None, []
                continue
            flags = self._trees[source[0]].flags(source[1])
            if kind is not Kind.FOLDER or flags & OPAQUE or (top is not None and self._kind(top) is not Kind.FOLDER):
                top, below = source, [source]
                continue
            if top is None or not flags & IMPLIED:
                top = source
            below.append(source)
        return top, below

    def _show(self, place: int, source: Source, below: list[Source], change: Change, *, hides: bool = False) -> None:
        node = self._append(source, place, change)
        below = [part for part in below if self._counts(part)]
        if below:
            self._folders.append((node, below, change is Change.REMOVED, hides))

    def _counts(self, source: Source) -> bool:
        """Whether a folder brings anything, or hides it in the last layer."""
        tree = self._trees[source[0]]
        return bool(tree.children(source[1])) or (source[0] == self._last and bool(tree.flags(source[1]) & OPAQUE))

    def _kind(self, source: Source) -> Kind:
        return self._trees[source[0]].kind(source[1])

    def _rights(self, source: Source) -> tuple[int, tuple[int, int]]:
        tree, node = self._trees[source[0]], source[1]
        return tree.mode(node), tree.owner(node)


def mark_within(columns: Columns) -> None:
    """Marks the folders that are the same themselves and hold a change."""
    change, parent = columns.change, columns.parent
    same, within = int(Change.SAME), int(Change.WITHIN)
    for node in range(len(change) - 1, 0, -1):
        if change[node] != same and change[parent[node]] == same:
            change[parent[node]] = within
