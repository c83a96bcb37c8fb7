"""The JSON report of `trivy image --format json`: SchemaVersion 2, as trivy 0.20 to 0.76 write it."""

from __future__ import annotations

from typing import Final

import msgspec

from tui.model.findings import Finding, Gathered, ImageConfig, Report, ReportError, layers_of, severity_of, whole

SCHEMA: Final = 2


class _Layer(msgspec.Struct, rename="pascal"):
    diff_id: str = msgspec.field(default="", name="DiffID")


class _Vulnerability(msgspec.Struct, rename="pascal"):
    id: str = msgspec.field(name="VulnerabilityID")
    pkg_name: str = ""
    pkg_path: str = ""
    installed_version: str = ""
    fixed_version: str = ""
    status: str = ""
    severity: str = ""
    title: str = ""
    description: str = ""
    primary_url: str = msgspec.field(default="", name="PrimaryURL")
    references: list[str] | None = None
    layer: _Layer | None = None


class _Result(msgspec.Struct, rename="pascal"):
    target: str = ""
    type: str = ""
    vulnerabilities: list[msgspec.Raw] | None = None


class _System(msgspec.Struct, rename="pascal"):
    family: str = ""
    name: str = ""
    unsupported: bool = msgspec.field(default=False, name="EOSL")


class _Metadata(msgspec.Struct, rename="pascal"):
    system: _System | None = msgspec.field(default=None, name="OS")
    diff_ids: tuple[str, ...] | None = msgspec.field(default=None, name="DiffIDs")
    image_config: ImageConfig | None = None


class _Tool(msgspec.Struct, rename="pascal"):
    version: str = ""


class _Report(msgspec.Struct, rename="pascal"):
    schema_version: int
    artifact_type: str = ""
    metadata: _Metadata | None = None
    results: list[_Result] | None = None
    trivy: _Tool | None = None


class _Database(msgspec.Struct, rename="pascal"):
    updated_at: str = ""


class _Version(msgspec.Struct, rename="pascal"):
    version: str = ""
    vulnerability_db: _Database | None = msgspec.field(default=None, name="VulnerabilityDB")


_VULNERABILITY: Final = msgspec.json.Decoder(_Vulnerability)


def read_report(data: bytes | memoryview, *, version: str = "", database: str = "") -> Report:
    """Return the report. The version (before 0.68) and the database's date are not in it: `read_version` tells them.

    Raises:
        ReportError: it is no such report, or was cut.
    """
    report = whole(data, _Report, "trivy")
    if report.schema_version != SCHEMA:
        raise ReportError(f"trivy's report has schema {report.schema_version}, and this reads schema {SCHEMA}")
    gathered = Gathered()
    for result in report.results or ():
        kind, target = gathered.text(result.type), gathered.text(result.target)

        def read(raw: msgspec.Raw, kind: str = kind, target: str = target) -> None:
            gathered.add(_finding(_VULNERABILITY.decode(raw), kind, target, gathered))

        gathered.read_each(result.vulnerabilities or (), read)
    metadata = report.metadata or _Metadata()
    system = metadata.system or _System()
    return Report(
        "trivy", tuple(gathered.findings), dict(gathered.counts),
        report.trivy.version if report.trivy and report.trivy.version else version, database,
        metadata.diff_ids or (), layers_of(metadata.image_config, metadata.diff_ids or ()),
        gathered.left_out, gathered.unreadable, f"{system.family} {system.name}".strip(), system.unsupported,
    )  # fmt: skip


def _finding(wire: _Vulnerability, kind: str, target: str, gathered: Gathered) -> Finding:
    text = gathered.text
    return Finding(
        severity_of(wire.severity), text(wire.id), text(wire.pkg_name), text(wire.installed_version),
        text(wire.fixed_version), text(wire.status), kind, text(wire.layer.diff_id if wire.layer else ""),
        text(wire.pkg_path) or target, text(wire.title), text(wire.description),
        gathered.links((wire.primary_url, *(wire.references or ()))),
    )  # fmt: skip


def read_version(data: bytes) -> tuple[str, str]:
    """Return the version and the date of the database of `trivy version --format json`; empty where it is not told."""
    try:
        found = msgspec.json.decode(data, type=_Version)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "", ""  # older than that format: the report says the rest
    return found.version, found.vulnerability_db.updated_at if found.vulnerability_db else ""
