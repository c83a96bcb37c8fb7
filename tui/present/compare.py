"""Two images side by side in words: sizes, layers in common and apart, and what differs in their configurations."""

from __future__ import annotations

from tui.model.compare import Difference, FileDifferences, Sharing
from tui.model.file_tree import ROOT, Change
from tui.model.layers import ImageLayers
from tui.present.layers import Analysis, Totals, score_words, words_of
from tui.present.units import plural, size

Line = tuple[str, str]


def comparison_lines(
    first: Analysis, second: Analysis, sharing: Sharing, files: FileDifferences, differences: list[Difference]
) -> list[Line]:
    """Return all but the files as lines, each with its tone; `<` stands for the first image and `>` for the second."""
    one, other = first.totals, second.totals
    more = other.size - one.size
    lines: list[Line] = [
        ("sizes", "head"),
        (f"  < {_totals(one)}", ""),
        (f"  > {_totals(other)}", ""),
        (f"  the second is {size(abs(more))} {'larger' if more > 0 else 'smaller'}" if more else "  the same", ""),
        ("files", "head"),
        *_file_lines(first, second, files),
        ("layers", "head"),
        (f"  {plural(sharing.common, 'layer')} in common, {size(sharing.common_size)}", ""),
        *_layer_lines("<", "removed", first.image, sharing.first_only),
        *_layer_lines(">", "added", second.image, sharing.second_only),
        ("configuration", "head"),
    ]
    if not differences:
        lines.append(("  the same", ""))
    for difference in differences:
        lines.append((f"  {difference.name}", "bold"))
        lines.append((f"    < {_value(difference.first)}", "removed"))
        lines.append((f"    > {_value(difference.second)}", "added"))
    return lines


def _totals(of: Totals) -> str:
    files = f"{of.files:,} {'file' if of.files == 1 else 'files'}"
    return f"{size(of.size)} in {plural(of.layers, 'layer')}, {files}, efficiency {score_words(of.score)}"


def _file_lines(first: Analysis, second: Analysis, files: FileDifferences) -> list[Line]:
    counts, sizes = files.counts, files.sizes
    changed = f"{size(files.older)} and {size(sizes[Change.CHANGED])}"
    if not any(counts.values()):
        return [("  the same", "")]
    same = second.whole.file_count(ROOT) - counts[Change.ADDED] - counts[Change.CHANGED]
    return [
        (f"  A {counts[Change.ADDED]:,} only in the second, {size(sizes[Change.ADDED])}", "added"),
        (f"  C {counts[Change.CHANGED]:,} in both that differ, {changed}", "changed"),
        (f"  D {counts[Change.REMOVED]:,} only in the first, {size(sizes[Change.REMOVED])}", "removed"),
        (f"    {same:,} the same (by size, time, mode and owner)", ""),
    ]


def _layer_lines(mark: str, tone: str, image: ImageLayers, numbers: tuple[int, ...]) -> list[Line]:
    lines: list[Line] = []
    for number in numbers:
        layer = image.layers[number]
        words = words_of(layer.created_by, layer.comment)
        lines.append((f"  {mark} {number + 1:>3} {size(layer.size):>7}  {words}", tone))
    return lines


def _value(text: str | None) -> str:
    return "(none)" if text is None else text
