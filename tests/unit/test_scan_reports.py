"""Reports of scanners in their documented forms, cut, of other kinds, and of nothing but junk."""

import base64
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_scanners import DESCRIPTION, grype_report, scout_report, trivy_report
from tui.model import findings, scan_grype, scan_sarif, scan_trivy
from tui.model.findings import Report, ReportError, ScannedLayer, Severity, with_history
from tui.present.findings import count_spans, detail_lines, export_chunks, report_words, rows_of, short_counts

FIRST, LAST = "sha256:" + "1" * 64, "sha256:" + "2" * 64
HISTORY: list[dict[str, Any]] = [
    {"created_by": "/bin/sh -c #(nop) ADD file:abc in / "},
    {"created_by": "/bin/sh -c #(nop)  ENV A=1", "empty_layer": True},
    {"created_by": "RUN npm install # buildkit"},
]
LAYERS = {FIRST: ScannedLayer(1, HISTORY[0]["created_by"]), LAST: ScannedLayer(3, HISTORY[2]["created_by"])}

Read = Callable[[bytes], Report]
READERS: dict[str, Read] = {
    "trivy": scan_trivy.read_report, "grype": scan_grype.read_report, "scout": scan_sarif.read_report,
}  # fmt: skip
SAMPLES: dict[str, dict[str, Any]] = {
    "trivy": trivy_report([FIRST, LAST], HISTORY), "grype": grype_report([FIRST, LAST]), "scout": scout_report(),
}  # fmt: skip


def encoded(document: object) -> bytes:
    return json.dumps(document).encode()


def test_trivy() -> None:
    report = scan_trivy.read_report(encoded(SAMPLES["trivy"]), version="0.59.1", database="2026-09-01T06:12:00Z")
    assert (report.tool, report.version, report.database) == ("trivy", "0.76.0", "2026-09-01T06:12:00Z")
    assert report.counts == {"critical": 1, "high": 1, "low": 1}
    assert report.diff_ids == (FIRST, LAST)
    assert report.layers == LAYERS
    assert (report.system, report.unsupported) == ("alpine 3.18.4", True)
    zlib, openssl, lodash = report.findings
    assert (zlib.id, zlib.package, zlib.installed, zlib.fixed) == ("CVE-2023-45853", "zlib", "1.2.13-r0", "1.2.13-r1")
    assert (zlib.title, zlib.description, zlib.diff_id) == ("zlib: integer overflow", DESCRIPTION, FIRST)
    assert zlib.links == ("https://avd.aquasec.com/nvd/cve-2023-45853", "https://zlib.net")
    assert zlib.path == "shop/web:1 (alpine 3.18.4)"
    assert (openssl.fixed, openssl.status) == ("", "affected")
    assert (lodash.path, lodash.kind) == ("app/lodash/package.json", "node-pkg")
    assert report.of_layers() == {FIRST: {"critical": 1}, LAST: {"low": 1, "high": 1}}


def test_trivy_of_before_tells_its_version_apart() -> None:
    document = {key: value for key, value in SAMPLES["trivy"].items() if key != "Trivy"}
    assert scan_trivy.read_report(encoded(document), version="0.59.1").version == "0.59.1"
    said = b'{"Version":"0.59.1","VulnerabilityDB":{"Version":2,"UpdatedAt":"2026-09-01T06:12:00Z"}}\n'
    assert scan_trivy.read_version(said) == ("0.59.1", "2026-09-01T06:12:00Z")
    assert scan_trivy.read_version(b'{"Version":"0.76.0"}') == ("0.76.0", "")
    assert scan_trivy.read_version(b"Version: 0.20.0\n") == ("", "")


def test_an_image_without_packages_has_no_results() -> None:
    report = scan_trivy.read_report(b'{"SchemaVersion":2,"ArtifactName":"x","ArtifactType":"container_image"}')
    assert (report.findings, report.counts, report.diff_ids) == ((), {}, ())
    words = "".join(text for text, _ in report_words(report, 0, 5))
    assert words == "  trivy  5s ago  no operating system was recognized in it"  # it is not said to be clean


def test_grype() -> None:
    config = base64.b64encode(encoded({"history": HISTORY, "rootfs": {"diff_ids": [FIRST, LAST]}})).decode()
    report = scan_grype.read_report(encoded(grype_report([FIRST, LAST], config)))
    assert (report.tool, report.version, report.database) == ("grype", "0.121.2", "2026-11-28T07:34:46Z")
    assert report.counts == {"medium": 1, "negligible": 1}
    assert report.system == "alpine 3.18.4"
    assert report.layers == LAYERS
    first, second = report.findings
    assert (first.package, first.installed, first.fixed, first.diff_id) == ("libcrypto3", "3.1.3-r0", "3.1.4-r1", LAST)
    assert first.title == "Keys may be checked slowly"  # grype has no titles
    assert first.links[:2] == (
        "https://security.alpinelinux.org/vuln/CVE-2023-5678", "https://nvd.nist.gov/vuln/detail/CVE-2023-5678",
    )  # fmt: skip
    assert (second.fixed, second.status, second.diff_id) == ("", "wont-fix", "")


def test_grype_with_a_database_of_before_schema_6() -> None:
    document = grype_report([FIRST])
    document["descriptor"]["db"] = {"built": "2024-01-01T01:00:00Z", "schemaVersion": 5}
    assert scan_grype.read_report(encoded(document)).database == "2024-01-01T01:00:00Z"


def test_grype_of_what_is_no_image_has_no_layers() -> None:
    document = grype_report([FIRST])
    document["source"] = {"type": "directory", "target": "/srv"}
    assert scan_grype.read_report(encoded(document)).diff_ids == ()


def test_scout() -> None:
    report = scan_sarif.read_report(encoded(scout_report()))
    assert (report.tool, report.version, report.counts) == ("scout", "1.20.4", {"high": 1})
    assert report.system is None
    (tar,) = report.findings
    assert (tar.id, tar.package, tar.installed, tar.fixed) == ("CVE-2005-2541", "tar", "1.34+dfsg-1", "")
    assert (tar.title, tar.description, tar.kind) == ("tar", "Tar does not warn.", "deb")
    assert tar.path == "/var/lib/dpkg/status"


def test_scout_of_before_has_one_package_and_no_results() -> None:
    document = scout_report()
    run = document["runs"][0]
    del run["results"]
    properties = run["tool"]["driver"]["rules"][0]["properties"]
    del properties["purls"]
    properties |= {"purl": "pkg:maven/com.thoughtworks.xstream/xstream@1.4.5", "cvssV3_severity": "UNSPECIFIED",
                   "tags": ["UNSPECIFIED"], "fixed_version": "1.4.20"}  # fmt: skip
    (found,) = scan_sarif.read_report(encoded(document)).findings
    assert (found.package, found.installed, found.severity) == ("com.thoughtworks.xstream:xstream", "1.4.5", "unknown")
    assert found.fixed == "1.4.20"


def test_a_result_without_its_rule_is_a_finding() -> None:
    document = scout_report()
    document["runs"][0]["tool"]["driver"]["rules"] = []
    (found,) = scan_sarif.read_report(encoded(document)).findings
    assert (found.id, found.severity) == ("CVE-2005-2541", "unknown")


def test_scout_without_runs_is_no_clean_image() -> None:
    with pytest.raises(ReportError, match="0 runs"):
        scan_sarif.read_report(b'{"version":"2.1.0","runs":[]}')


@pytest.mark.parametrize("tool", SAMPLES)
def test_one_finding_of_another_form_does_not_hide_the_others(tool: str) -> None:
    text, id = json.dumps(SAMPLES[tool]), {"trivy": "CVE-2023-45853", "grype": "CVE-2024-1", "scout": "CVE-2005-2541"}
    wrong = text.replace(f'"{id[tool]}"', "7", 1)
    report, whole = READERS[tool](wrong.encode()), READERS[tool](text.encode())
    assert report.unreadable == 1
    assert sum(report.counts.values()) == sum(whole.counts.values()) - (tool != "scout")


@pytest.mark.parametrize("tool", SAMPLES)
def test_a_cut_report_is_an_error_wherever_it_is_cut(tool: str) -> None:
    data = encoded(SAMPLES[tool])
    for length in range(0, len(data) - 1, 7):
        with pytest.raises(ReportError):
            READERS[tool](data[:length])


@pytest.mark.parametrize("tool", SAMPLES)
def test_a_report_of_another_tool_is_an_error(tool: str) -> None:
    for other in SAMPLES.keys() - {tool}:
        with pytest.raises(ReportError, match="not its report"):
            READERS[tool](encoded(SAMPLES[other]))


def test_another_schema_of_trivy_is_told() -> None:
    with pytest.raises(ReportError, match="schema 3"):
        scan_trivy.read_report(b'{"SchemaVersion":3}')


@pytest.mark.parametrize("tool", SAMPLES)
def test_endless_nesting_is_an_error(tool: str) -> None:
    with pytest.raises(ReportError):
        READERS[tool](b'{"matches":[' + b"[" * 100_000)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=8), children, max_size=4),
    max_leaves=10,
)


@given(tool=st.sampled_from(sorted(READERS)), data=st.binary() | JSON.map(encoded))
def test_junk_is_an_error_and_nothing_worse(tool: str, data: bytes) -> None:
    with suppress(ReportError):
        READERS[tool](data)


def branches(place: object) -> list[Any]:
    if isinstance(place, dict):
        return list(cast("dict[str, Any]", place))
    return list(range(len(cast("list[Any]", place)))) if isinstance(place, list) else []


@given(data=st.data(), tool=st.sampled_from(sorted(READERS)), junk=JSON)
def test_junk_in_any_place_of_a_report(data: st.DataObject, tool: str, junk: object) -> None:
    document: Any = json.loads(json.dumps(SAMPLES[tool]))
    place = document
    while True:
        key = data.draw(st.sampled_from(branches(place)))
        if not branches(place[key]) or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = junk
    try:
        report = READERS[tool](encoded(document))
    except ReportError:
        return
    assert len(report.findings) + report.left_out == sum(report.counts.values())


def test_what_is_too_much_is_only_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "MOST_FINDINGS", 2)
    report = scan_trivy.read_report(encoded(SAMPLES["trivy"]))
    assert (len(report.findings), report.left_out, sum(report.counts.values())) == (2, 1, 3)


def test_equal_texts_are_kept_once() -> None:
    document = trivy_report([FIRST, LAST])
    listed = document["Results"][0]["Vulnerabilities"]
    document["Results"][0]["Vulnerabilities"] = listed[:1] * 50
    found = scan_trivy.read_report(encoded(document)).findings
    assert len({id(each.description) for each in found[:50]}) == 1
    assert len({id(each.links) for each in found[:50]}) == 1


def test_a_history_that_does_not_fit_numbers_nothing_but_the_daemons_may() -> None:
    report = scan_trivy.read_report(encoded(trivy_report([FIRST, LAST], HISTORY[:1])))
    assert report.layers == {FIRST: ScannedLayer(0), LAST: ScannedLayer(0)}
    told = with_history(report, [("ADD a /", 7), ("ENV A=1", 0), ("RUN b", 5)])
    assert told.layers == {FIRST: ScannedLayer(1, "ADD a /"), LAST: ScannedLayer(3, "RUN b")}
    # an instruction without a size may have made a layer all the same: which one is not certain
    assert with_history(report, [("ADD a /", 7), ("ENV A=1", 0), ("WORKDIR /x", 0)]) == report


@pytest.mark.parametrize(
    ("purl", "parts"),
    [
        ("pkg:deb/debian/tar@1.34%2Bdfsg?os=1", ("deb", "tar", "1.34+dfsg")),
        ("pkg:npm/%40angular/core@1.0", ("npm", "@angular/core", "1.0")),
        ("pkg:golang/golang.org/x/net@v0.30.0#sub", ("golang", "golang.org/x/net", "v0.30.0")),
        ("pkg:pypi/x", ("pypi", "x", "")),
        ("zlib", ("", "", "")),
    ],
)
def test_package_urls(purl: str, parts: tuple[str, str, str]) -> None:
    assert scan_sarif.parse_purl(purl) == parts


# in words


def plain(spans: Sequence[tuple[str, str]]) -> str:
    return "".join(text for text, _ in spans)


def test_counts_in_words() -> None:
    assert plain(count_spans({"high": 2, "unknown": 1234}, True)) == (
        " x critical 0  ! high 2  * medium 0  v low 0  ? unknown 1,234 "
    )


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        (None, " " * 12),
        ({"low": 3}, "3L" + " " * 10),
        ({"critical": 100, "high": 100, "medium": 100}, "99+C 99+H 99+M "),
        ({"critical": 1, "high": 22, "medium": 333, "low": 4}, "1C 22H 99+M "),
        ({"critical": 1_000_000, "high": 5_000, "unknown": 7}, "99kC 5kH 7? "),
    ],
)
def test_counts_beside_a_layer(counts: dict[Severity, int] | None, words: str) -> None:
    assert plain(short_counts(counts, 12)) == words


def test_what_is_old_or_not_whole_is_told() -> None:
    report = Report("trivy", (), {}, "0.76.0", "2026-09-01T06:12:00Z", left_out=5, unreadable=1, system="alpine 3.18",
                    unsupported=True)  # fmt: skip
    now = 1_788_243_120.0 + 20 * 86_400  # twenty days after the database was made
    assert plain(report_words(report, now - 60, now)) == (
        "  trivy 0.76.0  1m ago  alpine 3.18 end of life  database of 2w ago  5 more are only counted"
        "  1 entry of its report can't be read"
    )


def test_details_without_a_title_or_a_fix() -> None:
    report = scan_trivy.read_report(encoded(SAMPLES["trivy"]))
    rows = list(rows_of(report).values())
    assert detail_lines(None) == []
    assert "openssl 3.1.3-r0 (alpine), no fix is known (affected)" in detail_lines(rows[1])
    assert detail_lines(rows[2])[:2] == ["lodash 4.17.4 (node-pkg), fixed in 4.17.12", "layer 3: RUN npm install"]


def test_the_export_is_one_document() -> None:
    report = scan_trivy.read_report(encoded(SAMPLES["trivy"]))
    many = msgspec.structs.replace(report, findings=report.findings * 400)
    document = json.loads(b"".join(export_chunks("sha256:1", "a:1", "trivy image a:1", "now", many)))
    assert len(document["findings"]) == 1200
    assert (document["findings"][2]["layer"], document["findings"][2]["instruction"]) == (3, "RUN npm install")
    assert document["counts"]["critical"] == 1
    empty = msgspec.structs.replace(report, findings=())
    assert json.loads(b"".join(export_chunks("sha256:1", "a:1", "x", "now", empty)))["findings"] == []
