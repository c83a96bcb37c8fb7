"""What is said after a good build: what each layer weighs and took, and what was rebuilt and why."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tui.model.build_record import BuildRecord
from tui.model.built_layers import BuiltLayer
from tui.model.cache_break import Rebuilt
from tui.present.build import one_line
from tui.present.units import ago, duration, plural, size

Span = tuple[str, str]


class LayerRow(msgspec.Struct, frozen=True):
    """One layer as it is listed. `weight` is in bytes; `line` is the Dockerfile's, None for the base image's."""

    weight: int
    size: str
    time: str
    state: str
    line: int | None
    text: str


def layer_rows(layers: Sequence[BuiltLayer]) -> list[LayerRow]:
    """Return the layers, the base image's as one row, each of the build's own with its weight and time.

    Of a Dockerfile that only the daemon has seen, none is known to be the base image's: each is a row of its own.
    """
    rows: list[LayerRow] = []
    known = _dockerfile_is_known(layers)
    base = [layer for layer in layers if layer.line is None] if known else []
    if base:
        weight = sum(layer.size for layer in base)
        rows.append(LayerRow(weight, size(weight), "", "", None, f"the base image, {plural(len(base), 'instruction')}"))
    for layer in layers:
        if known and layer.line is None:
            continue
        state = layer.state.value if layer.state is not None else ""
        time = "cached" if state == "cached" else "" if layer.seconds is None else duration(layer.seconds)
        weight = size(layer.size) if layer.size else ""
        rows.append(LayerRow(layer.size, weight, time, state, layer.line, one_line(layer.text)))
    return rows


def layers_title(layers: Sequence[BuiltLayer]) -> list[Span]:
    """Return the heading of the layers."""
    if not layers:
        return [(" image", "")]
    whole = size(sum(layer.size for layer in layers))
    if not _dockerfile_is_known(layers):
        return [(f" image {whole}", "")]
    own = sum(layer.size for layer in layers if layer.line is not None)
    return [(f" image {whole}, {size(own)} of it by this Dockerfile", "")]


def _dockerfile_is_known(layers: Sequence[BuiltLayer]) -> bool:
    """Whether any layer was found in the Dockerfile: one that the daemon fetched by itself is not at hand."""
    return any(layer.line is not None for layer in layers)


def rebuilt_lines(what: Rebuilt | None, before: BuildRecord | None, now: float) -> list[Span]:
    """Return what was rebuilt since the last build of the same name, and why."""
    if what is None or not what.steps:
        return []
    since = f" since the build {ago(now - before.when)}" if before is not None else ""
    if not what.ran:
        return [(f"nothing was rebuilt{since}: all of {plural(what.steps, 'step')} came from the cache", "accent")]
    causes = [
        (f"  from line {cause.line}, {one_line(cause.instruction)[:40]}: {one_line(cause.why)}", "")
        for cause in what.breaks
    ]
    first = "" if before is not None else ": no earlier build of this name is known here"
    return [(f"{what.ran} of {plural(what.steps, 'step')} ran{since}{first}", "accent"), *causes]
