"""The JSON report of `grype --output json`, as grype 0.40 to 0.121 write it (its presenter's models.Document)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from tui.model.findings import Finding, Gathered, Report, config_in, layers_of, severity_of, whole


class _Fix(msgspec.Struct):
    versions: list[str] | None = None
    state: str = ""


class _Vulnerability(msgspec.Struct, rename="camel"):
    id: str
    severity: str = ""
    data_source: str = ""
    description: str = ""
    urls: list[str] | None = None
    fix: _Fix | None = None


class _Related(msgspec.Struct, rename="camel"):
    data_source: str = ""
    description: str = ""
    urls: list[str] | None = None


class _Location(msgspec.Struct):
    path: str = ""
    layer: str = msgspec.field(default="", name="layerID")


class _Artifact(msgspec.Struct):
    name: str = ""
    version: str = ""
    type: str = ""
    locations: list[_Location] | None = None


class _Match(msgspec.Struct, rename="camel"):
    vulnerability: _Vulnerability
    artifact: _Artifact
    related_vulnerabilities: list[_Related] | None = None


class _Layer(msgspec.Struct):
    digest: str = ""


class _Target(msgspec.Struct):
    layers: list[_Layer] | None = None
    config: str | None = None


class _Source(msgspec.Struct):
    type: str = ""
    target: msgspec.Raw = msgspec.Raw()


class _Status(msgspec.Struct):
    built: str = ""


class _Database(msgspec.Struct):
    built: str = ""
    status: _Status | None = None
    """Where `built` is since schema 6 of the database, grype 0.88."""


class _Descriptor(msgspec.Struct):
    version: str = ""
    db: _Database | None = None


class _Distro(msgspec.Struct):
    name: str = ""
    version: str = ""


class _Document(msgspec.Struct):
    matches: list[msgspec.Raw]
    """Null in none of them: a document without it is another tool's, or an error's."""
    source: _Source | None = None
    distro: _Distro | None = None
    descriptor: _Descriptor | None = None


_MATCH: Final = msgspec.json.Decoder(_Match)


def read_report(data: bytes | memoryview) -> Report:
    """Return the report.

    Raises:
        ReportError: it is no such report, or was cut.
    """
    document = whole(data, _Document, "grype")
    gathered = Gathered()
    gathered.read_each(document.matches, lambda raw: gathered.add(_finding(_MATCH.decode(raw), gathered)))
    target = _target(document.source)
    diff_ids = tuple(layer.digest for layer in target.layers or ())
    descriptor = document.descriptor or _Descriptor()
    database = descriptor.db or _Database()
    distro = document.distro or _Distro()
    return Report(
        "grype", tuple(gathered.findings), dict(gathered.counts), descriptor.version,
        database.built or (database.status.built if database.status else ""), diff_ids,
        layers_of(config_in(target.config), diff_ids), gathered.left_out, gathered.unreadable,
        f"{distro.name} {distro.version}".strip(),
    )  # fmt: skip


def _target(source: _Source | None) -> _Target:
    """Return the image that was scanned; of what is no image the target is another thing, and has no layers."""
    if source is None or source.type != "image" or bytes(source.target) in (b"", b"null"):
        return _Target()
    return whole(source.target, _Target, "grype")


def _finding(match: _Match, gathered: Gathered) -> Finding:
    wire, artifact, related = match.vulnerability, match.artifact, match.related_vulnerabilities or []
    fix, text = wire.fix or _Fix(), gathered.text
    first: Sequence[_Location] = artifact.locations or (_Location(),)
    description = wire.description or next((each.description for each in related if each.description), "")
    others = [url for each in related for url in (each.data_source, *(each.urls or ()))]
    links = (wire.data_source, *(wire.urls or ()), *others)
    return Finding(
        severity_of(wire.severity), text(wire.id), text(artifact.name), text(artifact.version),
        text(", ".join(fix.versions or ())), text(fix.state), text(artifact.type), text(first[0].layer),
        text(first[0].path), text(_title(description)), text(description), gathered.links(links),
    )  # fmt: skip


def _title(description: str) -> str:
    """Return the first sentence: grype gives no title."""
    line = " ".join(description[:400].split())
    return line.partition(". ")[0][:200]
