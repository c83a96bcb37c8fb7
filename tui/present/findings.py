"""What a scan says on the screen: severities as glyph and word, the rows of its table, the details of one finding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from tui.model.findings import SEVERITIES, Finding, Report, ScannedLayer, Severity
from tui.model.layers import instruction_of
from tui.model.times import parse_time
from tui.present.columns import Cell, Column
from tui.present.glyphs import Mark
from tui.present.units import ago, plural

Span = tuple[str, str]

MARKS: Final[Mapping[Severity, Mark]] = {
    "critical": Mark("✗", "x", "critical", "bad"),
    "high": Mark("▲", "!", "high", "bad"),
    "medium": Mark("◆", "*", "medium", "warn"),
    "low": Mark("▼", "v", "low", "info"),
    "negligible": Mark("·", ".", "negligible", "muted"),
    "unknown": Mark("?", "?", "unknown", "muted"),
}

RANK: Final = {severity: at for at, severity in enumerate(SEVERITIES)}
LETTERS: Final[Mapping[Severity, str]] = {
    "critical": "C", "high": "H", "medium": "M", "low": "L", "negligible": "N", "unknown": "?",
}  # fmt: skip
OLD_DAYS: Final = 14
"""Days after which a database of vulnerabilities is told as old: those of trivy and grype are made anew each day."""

BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A finding with the layer that it came with: its number in the image's history, 0 where it is not told."""

    finding: Finding
    layer: int = 0
    instruction: str = ""

    @property
    def place(self) -> str:
        """How its layer is called: by its number, else by the beginning of its diff ID, which may be empty."""
        return str(self.layer) if self.layer else self.finding.diff_id.removeprefix("sha256:")[:12]


def rows_of(report: Report) -> dict[str, FindingRow]:
    """Return the rows by their place in the report."""
    known = {id: (layer.number, _instruction(layer)) for id, layer in report.layers.items()}
    nothing = (0, "")
    return {str(at): FindingRow(each, *known.get(each.diff_id, nothing)) for at, each in enumerate(report.findings)}


def _instruction(layer: ScannedLayer) -> str:
    return " ".join(instruction_of(layer.created_by).split())


def columns(ascii_only: bool) -> Sequence[Column[FindingRow]]:
    """Return the columns of the table, in their order."""

    def severity(row: FindingRow) -> Cell:
        mark = MARKS[row.finding.severity]
        return mark.text(ascii_only), mark.tone

    def fixed(row: FindingRow) -> Cell:
        return (row.finding.fixed, "good") if row.finding.fixed else ("-", "muted")

    def layer(row: FindingRow) -> Cell:
        return (f"{row.layer:>2} {row.instruction}", "") if row.layer else (row.place, "muted")

    found: tuple[Column[FindingRow], ...] = (
        Column("severity", "SEVERITY", 12, severity, lambda r: RANK[r.finding.severity], priority=100),
        Column("id", "ID", 19, lambda r: (r.finding.id, ""), lambda r: _natural(r.finding.id),
               min_width=14, priority=95),
        Column("package", "PACKAGE", 14, lambda r: (r.finding.package, ""), lambda r: r.finding.package,
               min_width=10, flex=2, priority=90),
        Column("installed", "INSTALLED", 12, lambda r: (r.finding.installed, "muted"), lambda r: r.finding.installed,
               min_width=8, flex=1, priority=70),
        Column("fixed", "FIXED IN", 12, fixed, lambda r: (not r.finding.fixed, r.finding.fixed),
               min_width=8, flex=1, priority=80),
        Column("layer", "LAYER", 16, layer, lambda r: (not r.layer, r.layer, r.place),
               min_width=8, flex=3, priority=60),
    )  # fmt: skip
    return [column.then_by(lambda r: (RANK[r.finding.severity], r.finding.package, r.finding.id)) for column in found]


def _natural(id: str) -> tuple[str, int, int]:
    """Order CVE-2024-9 before CVE-2024-10."""
    word, _, rest = id.partition("-")
    year, _, number = rest.partition("-")
    return (word, int(year), int(number)) if year.isdecimal() and number.isdecimal() else (id, 0, 0)


def search_text(row: FindingRow) -> str:
    """Return what the filter looks into."""
    finding = row.finding
    fixable = "fixable" if finding.fixed else "unfixed"
    return f"{finding.severity} {finding.id} {finding.package} {finding.installed} {finding.fixed} {finding.kind} " \
           f"{finding.title} {finding.path} {fixable} {row.instruction}"  # fmt: skip


def count_spans(counts: Mapping[Severity, int], ascii_only: bool) -> list[Span]:
    """Return how many there are of each severity, from the worst, each with its glyph and word."""
    found: list[Span] = []
    for severity in SEVERITIES:
        mark, count = MARKS[severity], counts.get(severity, 0)
        if count or severity in ("critical", "high", "medium", "low"):
            tone = {"muted": "dim"}.get(mark.tone, mark.tone)
            found.append((f" {mark.text(ascii_only)} {count:,} ", tone if count else "dim"))
    return found


def short_counts(counts: Mapping[Severity, int] | None, width: int = 0) -> list[Span]:
    """Return the three worst severities that there are as `2C 1H 3M `, in at least `width` cells."""
    known = counts or {}
    some: list[Severity] = [severity for severity in SEVERITIES if known.get(severity)]
    spans = [(f"{_few(known[severity])}{LETTERS[severity]} ", MARKS[severity].tone) for severity in some[:3]]
    used = sum(len(text) for text, _ in spans)
    return [*((text, {"muted": "dim"}.get(tone, tone)) for text, tone in spans), (" " * (width - used), "")]


def _few(count: int) -> str:
    return str(count) if count < 100 else "99+" if count < 1000 else f"{min(count // 1000, 99)}k"


def report_words(report: Report, ended: float, now: float) -> list[Span]:
    """Return who found it, when, and how old the tool's knowledge is; times are seconds since the epoch."""
    spans: list[Span] = [(f"  {report.tool} {report.version}".rstrip(), "accent"), (f"  {ago(now - ended)}", "dim")]
    if report.system:
        spans.append((f"  {report.system}", "dim"))
    elif report.system is not None and not report.findings:
        spans.append(("  no operating system was recognized in it", "warn"))  # nothing found says little then
    if report.unsupported:
        spans.append((" end of life", "bad"))
    made = parse_time(report.database) if report.database else None
    if made is not None:
        age = now - made
        spans.append((f"  database of {ago(age)}", "warn" if age > OLD_DAYS * 86_400 else "dim"))
    if report.left_out:
        spans.append((f"  {report.left_out:,} more are only counted", "warn"))
    if report.unreadable:
        spans.append((f"  {plural(report.unreadable, 'entry')} of its report can't be read", "bad"))
    return spans


def detail_title(row: FindingRow | None, ascii_only: bool) -> list[Span]:
    """Return which finding it is that the details are of."""
    if row is None:
        return []
    mark = MARKS[row.finding.severity]
    return [(f"{mark.text(ascii_only)}  ", mark.tone), (row.finding.id, "bold")]


def detail_lines(row: FindingRow | None) -> list[str | Span]:
    """Return all that is told of a finding, as lines with their tones."""
    if row is None:
        return []
    finding = row.finding
    lines: list[str | Span] = [(finding.title, "bold")] if finding.title else []
    fix = (
        f"fixed in {finding.fixed}"
        if finding.fixed
        else f"no fix is known{f' ({finding.status})' if finding.status else ''}"
    )
    kind = f" ({finding.kind})" if finding.kind else ""
    lines.append(f"{finding.package} {finding.installed}{kind}, {fix}")
    if row.layer:
        lines.append(f"layer {row.layer}: {row.instruction}")
    elif finding.diff_id:
        lines.append(f"layer {finding.diff_id}")
    if finding.path:
        lines.append((f"told by {finding.path}", "dim"))
    if finding.description:
        lines += ["", *finding.description.strip().splitlines()]
    if finding.links:
        lines += ["", *((link, "dim") for link in finding.links)]
    return lines


def export_chunks(image: str, name: str, line: str, scanned: str, report: Report) -> Iterator[bytes]:
    """Yield the scan as one JSON document; findings have the number and instruction of their layer."""
    head: dict[str, Any] = {
        "image": name, "image_id": image, "line": line, "tool": report.tool, "tool_version": report.version,
        "database": report.database, "scanned": scanned,
        "counts": {each: report.counts.get(each, 0) for each in SEVERITIES},
        "not_listed": report.left_out, "unreadable": report.unreadable,
    }  # fmt: skip
    yield msgspec.json.encode(head)[:-1] + b',"findings":['
    rows, batch = rows_of(report), list[bytes]()
    for at, row in enumerate(rows.values()):
        entry = msgspec.structs.asdict(row.finding) | {"layer": row.layer or None, "instruction": row.instruction}
        batch.append((b"," if at else b"") + b"\n" + msgspec.json.encode(entry))
        if len(batch) == BATCH:
            yield b"".join(batch)
            batch.clear()
    yield b"".join(batch) + b"\n]}\n"
