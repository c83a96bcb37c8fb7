"""Advice on an image's layers in words: what could be left out of it, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tui.model.file_tree import Change, FileTree
from tui.model.layers import ImageLayers, Layer
from tui.model.waste import LayerWaste, Waste
from tui.present.layers import words_of
from tui.present.units import size

LEAST: Final = 100_000
"""Bytes below which nothing is worth a word."""

LEAST_SHARE: Final = 0.001
"""The share of the image below which nothing is worth a word."""

MOST_WORDS: Final = 60

_APT: Final = "end the RUN that installs with: rm -rf /var/lib/apt/lists/*"
_DNF: Final = "end the RUN that installs with: dnf clean all"
_MOUNT: Final = "keep it out with RUN --mount=type=cache, or build in a stage of its own"
LEFT_BEHIND: Final = (
    ("/var/lib/apt/lists", "package lists of apt", _APT),
    ("/var/cache/apt", "package cache of apt", "end the RUN that installs with: apt-get clean"),
    ("/var/cache/apk", "package cache of apk", "install with: apk add --no-cache"),
    ("/var/cache/dnf", "package cache of dnf", _DNF),
    ("/var/cache/libdnf5", "package cache of dnf", _DNF),
    ("/var/cache/yum", "package cache of yum", "end the RUN that installs with: yum clean all"),
    ("/var/cache/zypp", "package cache of zypper", "end the RUN that installs with: zypper clean --all"),
    ("/var/cache/pacman/pkg", "package cache of pacman", "end the RUN that installs with: pacman -Scc --noconfirm"),
    ("/root/.cache/pip", "cache of pip", "install with: pip install --no-cache-dir"),
    ("/root/.cache/uv", "cache of uv", "install with: uv pip install --no-cache"),
    ("/root/.cache/pypoetry", "cache of poetry", _MOUNT),
    ("/root/.npm", "cache of npm", "end the RUN that installs with: npm cache clean --force"),
    ("/usr/local/share/.cache", "cache of yarn", "end the RUN that installs with: yarn cache clean"),
    ("/root/.cache/yarn", "cache of yarn", "end the RUN that installs with: yarn cache clean"),
    ("/root/.local/share/pnpm/store", "store of pnpm", _MOUNT),
    ("/root/.cache/go-build", "build cache of Go", _MOUNT),
    ("/go/pkg/mod/cache", "module cache of Go", _MOUNT),
    ("/root/.cargo/registry", "crates of cargo", _MOUNT),
    ("/usr/local/cargo/registry", "crates of cargo", _MOUNT),
    ("/root/.m2/repository", "repository of Maven", _MOUNT),
    ("/root/.gradle/caches", "cache of Gradle", _MOUNT),
    ("/root/.composer/cache", "cache of composer", "end the RUN that installs with: composer clear-cache"),
    ("/tmp", "temporary files", "remove them in the RUN that makes them"),
    ("/var/tmp", "temporary files", "remove them in the RUN that makes them"),
    ("/var/log", "log files", "remove them in the RUN that makes them"),
)
"""Where tools leave what an image does not need, what that is, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Advice:
    """A sentence or two, the bytes it is about, and the number of the layer that it is about."""

    text: str
    size: int
    layer: int


def advice(image: ImageLayers, whole: FileTree, waste: Waste) -> list[Advice]:
    """Return what could be done about an image, the most bytes first; `whole` is the view of its last layer."""
    least = max(LEAST, int(LEAST_SHARE * image.size))
    found = [*_left_behind(image, whole), *_histories(image, whole)]
    for layer in waste.layers:
        found += _hidden(image, layer)
    return sorted((one for one in found if one.size >= least), key=lambda one: (-one.size, one.text))


def named(image: ImageLayers, number: int) -> str:
    """Return a layer as a sentence names it: "layer 7 (RUN chown -R app /srv)"."""
    layer: Layer = image.layers[number]
    words = words_of(layer.created_by, layer.comment)
    return f"layer {number + 1} ({words if len(words) <= MOST_WORDS else words[: MOST_WORDS - 3] + '...'})"


def _left_behind(image: ImageLayers, whole: FileTree) -> list[Advice]:
    found: list[Advice] = []
    for path, what, cure in LEFT_BEHIND:
        node = whole.find(path)
        if node is None or whole.change[node] == Change.REMOVED or not whole.total_size(node):
            continue
        length = whole.total_size(node)
        number = _heaviest(whole, node)
        found.append(Advice(f"{size(length)} of {what} in {path}, of {named(image, number)}: {cure}", length, number))
    return found


def _histories(image: ImageLayers, whole: FileTree) -> list[Advice]:
    """Histories of version control that were copied in."""
    found: list[Advice] = []
    for node in whole.search(".git"):
        if (
            whole.name_bytes(node) == b".git"
            and whole.change[node] != Change.REMOVED
            and (length := whole.total_size(node))
        ):
            number = _heaviest(whole, node)
            text = f"{size(length)} of version history in {whole.path(node)}, of {named(image, number)}: "
            found.append(Advice(text + "name .git in .dockerignore", length, number))
    return found


def _heaviest(whole: FileTree, top: int) -> int:
    """The layer that most of what is below a folder comes from."""
    brought: dict[int, int] = {}
    waiting = [top]
    while waiting:
        node = waiting.pop()
        if length := whole.size(node):
            brought[whole.layer[node]] = brought.get(whole.layer[node], 0) + length
        waiting += whole.children(node)
    return max(brought, key=lambda number: (brought[number], number), default=whole.layer[top])


def _hidden(image: ImageLayers, waste: LayerWaste) -> list[Advice]:
    """What a layer does to those below it, and what to do instead."""
    by = named(image, waste.by)
    found: list[Advice] = []
    from_layers = ", ".join(
        f"layer {number + 1}" for number, _ in sorted(waste.brought.items(), key=lambda item: -item[1])[:3]
    )
    if deleted := waste.lost.get("deleted"):
        text = (
            f"{by} deletes {_files(waste.counts['deleted'])} ({size(deleted)}) of {from_layers}, which stay in the "
            "image: delete them in the RUN that makes them, or build in a stage of its own"
        )
        found.append(Advice(text, deleted, waste.by))
    if owner := waste.lost.get("owner"):
        text = (
            f"{by} writes {_files(waste.counts['owner'])} ({size(owner)}) of {from_layers} again only to change "
            "owners or modes: use COPY --chown and --chmod, or change them in the RUN that makes them"
        )
        found.append(Advice(text, owner, waste.by))
    if rewritten := waste.lost.get("rewritten"):
        text = (
            f"{by} writes {_files(waste.counts['rewritten'])} anew of which {from_layers} has {size(rewritten)} "
            "still: join the steps, or bring the files once"
        )
        found.append(Advice(text, rewritten, waste.by))
    return found


def _files(count: int) -> str:
    return f"{count:,} file" if count == 1 else f"{count:,} files"
