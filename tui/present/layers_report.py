"""The report on an image's layers, for people and for programs."""

from __future__ import annotations

from typing import Final

import msgspec

from tui.present.layer_advice import advice
from tui.present.layers import Analysis, score_words, words_of
from tui.present.units import plural, size

FORMAT: Final = 1
"""Counts up when a field goes or comes to mean something else; fields may come at any time."""

MOST_FILES: Final = 200
TEXT_FILES: Final = 10
TEXT_WIDTH: Final = 100


class LayerReport(msgspec.Struct):
    """A layer; `number` counts history entries from 1, sizes are bytes."""

    number: int
    instruction: str
    created: str
    empty: bool
    size: int
    paths: int
    removed_paths: int
    diff_id: str
    digest: str
    blob_size: int


class WastedReport(msgspec.Struct):
    """A file that a later layer hides: `layer` brought it, `by_layer` did it; `how` is deleted, rewritten or owner."""

    path: str
    size: int
    layer: int
    by_layer: int
    by_instruction: str
    how: str


class WasteReport(msgspec.Struct):
    """What one layer hides, in bytes and files."""

    by_layer: int
    by_instruction: str
    size: int
    files: int


class AdviceReport(msgspec.Struct):
    text: str
    size: int
    layer: int


class ImageReport(msgspec.Struct):
    """All of it. `efficiency` is 0 to 1; `wasted_twice` are the bytes of paths in more than one layer, as dive counts.

    `wasted_files` are the greatest ones.
    """

    format: int
    image: str
    id: str
    tags: list[str]
    platform: str
    created: str
    size: int
    files: int
    efficiency: float
    wasted: int
    wasted_twice: int
    layers: list[LayerReport]
    waste: list[WasteReport]
    wasted_files: list[WastedReport]
    advice: list[AdviceReport]


def image_report(name: str, image_id: str, analysis: Analysis) -> ImageReport:
    """Return the report on an image; text from the image is as it is, with what is no UTF-8 replaced."""
    image, totals = analysis.image, analysis.totals
    instructions = [clean(words_of(layer.created_by, layer.comment)) for layer in image.layers]
    return ImageReport(
        FORMAT,
        clean(name),
        image_id,
        [clean(tag) for tag in image.tags],
        f"{image.os}/{image.architecture}",
        image.created,
        totals.size,
        totals.files,
        totals.score,
        totals.waste,
        analysis.efficiency.wasted,
        [
            LayerReport(
                number + 1,
                instructions[number],
                layer.created,
                layer.empty,
                layer.size,
                len(layer.tree) - 1,
                layer.tree.whiteouts,
                layer.diff_id,
                layer.digest,
                layer.blob_size,
            )
            for number, layer in enumerate(image.layers)
        ],
        [WasteReport(layer.by + 1, instructions[layer.by], layer.size, layer.count) for layer in analysis.waste.layers],
        [
            WastedReport(clean(lost.path), lost.size, lost.layer + 1, lost.by + 1, instructions[lost.by], lost.how)
            for lost in analysis.waste.files(MOST_FILES)
        ],
        [
            AdviceReport(clean(one.text), one.size, one.layer + 1)
            for one in advice(image, analysis.whole, analysis.waste)
        ],
    )


def report_json(report: ImageReport) -> bytes:
    """Return the report as JSON, indented, with a newline at its end."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"


def report_text(report: ImageReport) -> list[str]:
    """Return the report as lines for people; its text comes from the image and is to be made literal."""
    lines = [
        f"{report.image}  {report.id.removeprefix('sha256:')[:12]}  {report.platform}",
        f"{size(report.size)} in {plural(sum(not layer.empty for layer in report.layers), 'layer')}, "
        f"{report.files:,} files, efficiency {score_words(report.efficiency)}, wasted {size(report.wasted)}",
        "",
    ]
    for layer in report.layers:
        length = "" if layer.empty else size(layer.size)
        lines.append(f"{layer.number:>4} {length:>8}  {_cut(layer.instruction)}")
    if report.wasted_files:
        lines += ["", "wasted, the greatest first:"]
        for file in report.wasted_files[:TEXT_FILES]:
            lines.append(f"{size(file.size):>13}  {file.path}  (layer {file.layer}, {_HOW[file.how]} {file.by_layer})")
        if (more := sum(layer.files for layer in report.waste) - TEXT_FILES) > 0:
            lines.append(f"{'':>13}  and {more:,} more")
    if report.advice:
        lines += ["", "advice:"]
        lines += [f"  - {one.text}" for one in report.advice]
    return lines


_HOW: Final = {"deleted": "deleted by", "rewritten": "rewritten by", "owner": "owner or mode changed by"}


def clean(text: str) -> str:
    """Return text without what can't be written as UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_WIDTH else text[: TEXT_WIDTH - 3] + "..."
