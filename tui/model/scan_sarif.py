"""The report of `docker scout cves --format sarif`: SARIF 2.1.0 with Scout's properties, as 0.24 to 1.20 write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote

import msgspec

from tui.model.findings import Finding, Gathered, Report, ReportError, Severity, severity_of, whole

SARIF: Final = "2.1.0"
_NOT_FIXED: Final = ("", "not fixed")
_PURL_IN_MESSAGE: Final = re.compile(r"^\s*Package\s*:\s*(pkg:\S+)", re.MULTILINE)
_PURL: Final = re.compile(r"pkg:(?P<type>[^/@?#]+)/(?P<name>[^@?#]+)(?:@(?P<version>[^?#]*))?")


class _Text(msgspec.Struct):
    text: str = ""


class _Properties(msgspec.Struct):
    severity: str = msgspec.field(default="", name="cvssV3_severity")
    fixed_version: str = ""
    purls: list[str] | None = None
    purl: str = ""
    tags: list[str] | None = None


class _Rule(msgspec.Struct, rename="camel"):
    id: str
    name: str = ""
    short_description: _Text | None = None
    help: _Text | None = None
    help_uri: str = ""
    properties: _Properties | None = None


class _Artifact(msgspec.Struct):
    uri: str = ""


class _Physical(msgspec.Struct, rename="camel"):
    artifact_location: _Artifact | None = None


class _Location(msgspec.Struct, rename="camel"):
    physical_location: _Physical | None = None


class _Result(msgspec.Struct, rename="camel"):
    rule_id: str = ""
    message: _Text | None = None
    locations: list[_Location] | None = None


class _Driver(msgspec.Struct):
    name: str = ""
    version: str = ""
    rules: list[msgspec.Raw] | None = None


class _Tool(msgspec.Struct):
    driver: _Driver


class _Run(msgspec.Struct):
    tool: _Tool
    results: list[msgspec.Raw] | None = None


class _Log(msgspec.Struct):
    version: str
    runs: list[_Run]


_RULE: Final = msgspec.json.Decoder(_Rule)
_RESULT: Final = msgspec.json.Decoder(_Result)


def read_report(data: bytes | memoryview) -> Report:
    """Return the report. Scout tells no layers in it, and not how old what it knows is: that is asked of a service.

    Raises:
        ReportError: it is no such report, or was cut.
    """
    log = whole(data, _Log, "docker scout")
    if log.version != SARIF or not log.runs:
        runs = len(log.runs)
        raise ReportError(f"docker scout wrote SARIF {log.version} with {runs} runs; this reads {SARIF} with one")
    gathered = Gathered()
    driver = log.runs[0].tool.driver
    rules: dict[str, _Rule] = {}

    def take_rule(raw: msgspec.Raw) -> None:
        rule = _RULE.decode(raw)
        rules[rule.id] = rule

    gathered.read_each(driver.rules or (), take_rule)
    told: dict[str, dict[str, str]] = {}
    """The packages that the results name for each rule, and where each of them is."""

    def take_result(raw: msgspec.Raw) -> None:
        result = _RESULT.decode(raw)
        places = told.setdefault(result.rule_id, {})
        found = _PURL_IN_MESSAGE.findall(result.message.text if result.message else "")
        for purl in found or ("",):
            places.setdefault(purl, _path(result))

    gathered.read_each(log.runs[0].results or (), take_result)
    for rule in rules.values():
        _add(rule, told.get(rule.id, {}), gathered)
    for id in told.keys() - rules.keys():
        gathered.add(Finding("unknown", gathered.text(id), ""))  # a result is a finding, whatever else is missing
    return Report("scout", tuple(gathered.findings), dict(gathered.counts), driver.version,
                  left_out=gathered.left_out, unreadable=gathered.unreadable)  # fmt: skip


def _add(rule: _Rule, places: dict[str, str], gathered: Gathered) -> None:
    properties, text = rule.properties or _Properties(), gathered.text
    own = [*(properties.purls or ()), *([properties.purl] if properties.purl else [])]
    # a message has less of a package's URL than the rule: its name and version tell whether it is another one
    packages = {parse_purl(purl): purl for purl in reversed([*own, *places]) if purl}
    found = {parse_purl(purl): path for purl, path in places.items()}
    fixed = "" if properties.fixed_version.strip() in _NOT_FIXED else properties.fixed_version
    title = rule.short_description.text if rule.short_description else ""
    anywhere = next(iter(places.values()), "")
    for package, purl in list(packages.items())[::-1] or [(("", "", ""), "")]:
        kind, name, version = package
        gathered.add(
            Finding(
                _severity(properties), text(rule.id), text(name or purl), text(version), text(fixed),
                "fixed" if fixed else "not fixed", text(kind), "", text(found.get(package, anywhere)),
                text(title.removeprefix(f"{rule.id}:").strip()), text(rule.help.text if rule.help else ""),
                gathered.links((rule.help_uri,)),
            )
        )  # fmt: skip


def _severity(properties: _Properties) -> Severity:
    """Return the severity; Scout says UNSPECIFIED where it knows none, and repeats it among the tags."""
    words: Sequence[str] = (properties.severity, *(properties.tags or ()))
    for word in words:
        if (found := severity_of(word)) != "unknown":
            return found
    return "unknown"


def _path(result: _Result) -> str:
    for location in result.locations or ():
        place = location.physical_location
        if place is not None and place.artifact_location is not None and place.artifact_location.uri:
            return place.artifact_location.uri
    return ""


def parse_purl(purl: str) -> tuple[str, str, str]:
    """Return type, name with its namespace, and version of a package URL; empty texts for what is none.

    An operating system's name before the package (`deb/debian/bash`) is left away, as people call it by the last part.
    """
    found = _PURL.match(purl)
    if found is None:
        return "", "", ""
    kind, name = found["type"], unquote(found["name"]).strip("/")
    if kind in ("deb", "apk", "rpm"):
        name = name.rpartition("/")[2]
    elif kind == "maven":
        name = name.replace("/", ":")
    return kind, name, unquote(found["version"] or "")
