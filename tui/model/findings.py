"""What a scanner found in an image: vulnerabilities by severity, with the layers that they came with."""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Literal, TypeVar

import msgspec

Severity = Literal["critical", "high", "medium", "low", "negligible", "unknown"]
SEVERITIES: Final[tuple[Severity, ...]] = ("critical", "high", "medium", "low", "negligible", "unknown")
"""From the worst to what nothing is known of."""

_NAMES: Final[Mapping[str, Severity]] = {name: name for name in SEVERITIES}

MOST_FINDINGS: Final = 200_000
"""Findings that are kept of a report; what is more is only counted."""

MOST_TEXT: Final = 4_000
"""Characters that are kept of a description."""

MOST_LINKS: Final = 12

Tool = Literal["trivy", "grype", "scout"]
TOOLS: Final[tuple[Tool, ...]] = ("trivy", "grype", "scout")
"""In the order in which they are looked for."""

T = TypeVar("T")


class ReportError(Exception):
    """What a scanner wrote is no report of its kind."""


class Finding(msgspec.Struct, frozen=True, gc=False):
    """One vulnerability of one package. `fixed` is empty where no version is known to be without it.

    `diff_id` is that of the layer which the package came with, empty where the tool does not tell it; `path` is the
    file that tells of the package.
    """

    severity: Severity
    id: str
    package: str
    installed: str = ""
    fixed: str = ""
    status: str = ""
    kind: str = ""
    diff_id: str = ""
    path: str = ""
    title: str = ""
    description: str = ""
    links: tuple[str, ...] = ()


class ScannedLayer(msgspec.Struct, frozen=True):
    """A layer of what was scanned. `number` counts all entries of the image's history from the oldest; 0: unknown."""

    number: int
    created_by: str = ""


class Report(msgspec.Struct, frozen=True):
    """A scan of one image. `database` is when the tool's database was made, RFC 3339, empty where it is not told.

    `diff_ids` are the layers of what was scanned, the lowest first, none where the tool does not tell them. `counts`
    has every finding; `left_out` of them are not in `findings`, and `unreadable` ones are in neither.
    """

    tool: Tool
    findings: tuple[Finding, ...]
    counts: Mapping[Severity, int]
    version: str = ""
    database: str = ""
    diff_ids: tuple[str, ...] = ()
    layers: Mapping[str, ScannedLayer] = {}
    left_out: int = 0
    unreadable: int = 0
    system: str | None = None
    """The operating system that was recognized, empty for none; None where the tool does not tell it."""
    unsupported: bool = False
    """Whether the system's makers mend it no more, so that what is wrong with it is not told either."""

    def of_layers(self) -> dict[str, Counter[Severity]]:
        """Return the number of findings of each severity by the diff ID of their layer."""
        found: dict[str, Counter[Severity]] = {}
        for finding in self.findings:
            if finding.diff_id:
                found.setdefault(finding.diff_id, Counter())[finding.severity] += 1
        return found


class Gathered:
    """Collects the findings of a report within bounds: equal texts are kept once, what is too much is counted."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.counts: Counter[Severity] = Counter()
        self.unreadable = 0
        self._texts: dict[str, str] = {}
        self._links: dict[tuple[str, ...], tuple[str, ...]] = {}

    def add(self, finding: Finding) -> None:
        """Count a finding, and keep it as long as there is room."""
        self.counts[finding.severity] += 1
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(finding)

    def text(self, text: str | None) -> str:
        """Return an equal text, cut where it is endless, that others of the same content share."""
        short = (text or "")[:MOST_TEXT]
        return self._texts.setdefault(short, short)

    def links(self, links: Iterable[str | None]) -> tuple[str, ...]:
        """Return links, each once and not too many, that others of the same content share."""
        some = tuple(dict.fromkeys(self.text(link) for link in links if link))[:MOST_LINKS]
        return self._links.setdefault(some, some)

    def read_each(self, items: Iterable[msgspec.Raw], read: Callable[[msgspec.Raw], None]) -> None:
        """Read findings one by one; one that is not of its form does not hide the others."""
        for item in items:
            try:
                read(item)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                self.unreadable += 1

    @property
    def left_out(self) -> int:
        """How many were counted and not kept."""
        return self.counts.total() - len(self.findings)


def severity_of(text: str | None) -> Severity:
    """Return the severity of a tool's word for it; `unknown` for any other."""
    return _NAMES.get((text or "").strip().lower(), "unknown")


class HistoryEntry(msgspec.Struct):
    """An entry of the history in an image's configuration (OCI image specification 1.1)."""

    created_by: str = ""
    comment: str = ""
    empty_layer: bool = False


class RootFs(msgspec.Struct):
    diff_ids: tuple[str, ...] | None = None


class ImageConfig(msgspec.Struct):
    """The part of an image's configuration that tells which instruction made which layer."""

    history: list[HistoryEntry] | None = None
    rootfs: RootFs | None = None


def layers_of(config: ImageConfig | None, diff_ids: Sequence[str]) -> dict[str, ScannedLayer]:
    """Return the layers by their diff IDs; without a history that fits nothing is known of them."""
    ids = tuple(diff_ids) or ((config.rootfs.diff_ids if config and config.rootfs else None) or ())
    history = (config.history if config else None) or []
    full = [
        (number, entry.created_by or entry.comment) for number, entry in enumerate(history, 1) if not entry.empty_layer
    ]
    if len(full) != len(ids):
        full = [(0, "")] * len(ids)
    return {id: ScannedLayer(number, text[:MOST_TEXT]) for id, (number, text) in zip(ids, full, strict=True)}


def with_history(report: Report, history: Sequence[tuple[str, int]]) -> Report:
    """Return a report without instructions with those of the daemon's history, where it is certain which is whose.

    `history` are instructions and sizes in bytes, the oldest first. What has a size made a layer; of what has none the
    daemon does not tell whether it did.
    """
    full = [ScannedLayer(number, text[:MOST_TEXT]) for number, (text, size) in enumerate(history, 1) if size]
    if len(full) != len(report.diff_ids):
        return report
    return msgspec.structs.replace(report, layers=dict(zip(report.diff_ids, full, strict=True)))


def config_in(text: str | None) -> ImageConfig | None:
    """Return the configuration in a base64 text, as grype gives it; None where it is none."""
    try:
        return msgspec.json.decode(base64.b64decode(text or "", validate=True), type=ImageConfig)
    except (binascii.Error, ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return None


def whole(data: msgspec.Raw | bytes | memoryview, kind: type[T], name: str) -> T:
    """Return a document that has to be JSON of a kind.

    Raises:
        ReportError: it is not, or was cut.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        words = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise ReportError(f"what {name} wrote is not its report: {words[:200]}") from None
