"""Scanners as programs: which is found, what it is told, and every way in which it fails to make a report."""

import asyncio
import json
import os
import stat
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from fake_scanners import make_tools, scout_report
from tui.engine.endpoint import Endpoint, Tls
from tui.engine.scanner import (
    ScanFailed,
    Scanner,
    ScanRun,
    Target,
    find_scanner,
    handed_over,
    needs_archive,
    scan_words,
    shown_line,
)
from tui.jobs.compose import Output
from tui.jobs.scan import MOST_SCANS, Scan, ScanBook, last_words, read_report
from tui.model.findings import Finding, Report, ReportError, Tool
from waiting import until

LOCAL = Endpoint("unix:///run/nobody.sock", "test")
PLAIN = Endpoint("tcp://10.0.0.1:2375", "test")
TLS = Endpoint("tcp://10.0.0.1:2376", "test", tls=Tls("/certs/ca.pem", "/certs/cert.pem", "/certs/key.pem"))
UNCHECKED = Endpoint("tcp://10.0.0.1:2376", "test", tls=Tls("/c/ca.pem", "/c/cert.pem", "/c/key.pem", verify=False))
OTHER_FILES = Endpoint("tcp://10.0.0.1:2376", "test", tls=Tls("/certs/ca.crt", "/certs/me.crt", "/certs/me.key"))
SSH = Endpoint("ssh://me@far", "test")
HTTPS = Endpoint("https://far:443", "test", tls=Tls())
IMAGE = Target("sha256:abc", "shop/web:1")
ARCHIVE = Target("sha256:abc", "shop/web:1", "/tmp/x/image.tar")

Start = Callable[..., ScanRun]


@pytest.fixture
def run(tmp_path: Path) -> Start:
    """Makes a run of a program that is a script of the shell, in the place of trivy or another tool."""

    def make(script: str, tool: Tool = "trivy", **limits: float) -> ScanRun:
        path = make_tools(tmp_path / "bin", tool, script=script)
        folder = tmp_path / "private"
        folder.mkdir(exist_ok=True)
        program = tmp_path / "bin" / ("docker" if tool == "scout" else tool)
        environment = {"PATH": path, "HOME": str(tmp_path), "DOCKER_HOST": "unix:///elsewhere", "TRIVY_OUTPUT": "/else"}
        return ScanRun(Scanner(tool, str(program)), LOCAL, environment, folder, **limits)  # type: ignore[arg-type]

    return make


async def said_by(run: ScanRun, target: Target = IMAGE) -> str:
    """What the tool says until it has ended."""
    output = Output()
    async with asyncio.timeout(30), aclosing(run.scan(target)) as chunks:
        async for chunk in chunks:
            output.feed(chunk)
    output.feed(b"", last=True)
    return "\n".join(output.since(0))


# which one


def test_the_first_that_is_there_is_taken_and_the_settings_choose_another(tmp_path: Path) -> None:
    environment = {"PATH": str(tmp_path), "HOME": str(tmp_path), "DOCKER_CONFIG": str(tmp_path / "config")}
    assert find_scanner(environment) is None
    for tools in (("scout",), ("grype", "scout"), ("trivy", "grype", "scout")):
        make_tools(tmp_path, *tools)
        found = find_scanner(environment)
        assert found is not None
        assert found.tool == tools[0]
    chosen = find_scanner(environment, "scout")
    assert chosen == Scanner("scout", str(tmp_path / "docker"))
    (tmp_path / "grype").unlink()
    assert find_scanner(environment, "grype") is None  # one that was chosen is not replaced by another


def test_a_docker_cli_without_the_plugin_is_no_scanner(tmp_path: Path) -> None:
    make_tools(tmp_path, "scout")
    assert find_scanner({"PATH": str(tmp_path), "HOME": str(tmp_path / "elsewhere")}) is None
    assert find_scanner({}) is None


# how the daemon is handed over


def test_how_each_daemon_is_handed_over() -> None:
    assert handed_over(LOCAL) == {"DOCKER_HOST": "unix:///run/nobody.sock"}
    assert handed_over(PLAIN) == {"DOCKER_HOST": "tcp://10.0.0.1:2375"}
    assert handed_over(TLS) == {
        "DOCKER_HOST": "tcp://10.0.0.1:2376", "DOCKER_CERT_PATH": "/certs", "DOCKER_TLS_VERIFY": "1",
    }  # fmt: skip
    assert handed_over(UNCHECKED) == {"DOCKER_HOST": "tcp://10.0.0.1:2376", "DOCKER_CERT_PATH": "/c"}
    for endpoint in (OTHER_FILES, SSH, HTTPS):
        assert handed_over(endpoint) is None
        assert needs_archive("trivy", endpoint)
        assert needs_archive("grype", endpoint)
    assert needs_archive("scout", SSH)
    assert not needs_archive("scout", OTHER_FILES)  # the docker CLI takes the files by flags


def test_what_each_tool_is_told() -> None:
    assert scan_words("trivy", IMAGE, LOCAL)[-2:] == ["--image-src=docker", "sha256:abc"]
    assert "--input=/tmp/x/image.tar" in scan_words("trivy", ARCHIVE, SSH)
    assert scan_words("grype", IMAGE, LOCAL) == ["docker:abc", "--output=json"]
    assert scan_words("grype", ARCHIVE, SSH) == ["docker-archive:/tmp/x/image.tar", "--output=json"]
    assert scan_words("scout", IMAGE, LOCAL) == [
        "--host=unix:///run/nobody.sock", "scout", "cves", "--format=sarif", "local://shop/web:1",
    ]  # fmt: skip
    assert scan_words("scout", ARCHIVE, SSH) == ["scout", "cves", "--format=sarif", "archive:///tmp/x/image.tar"]


@pytest.mark.parametrize(
    ("tool", "endpoint", "line"),
    [
        ("trivy", LOCAL, "DOCKER_HOST=unix:///run/nobody.sock trivy image --scanners=vuln --image-src=docker 'a b'"),
        ("grype", LOCAL, "DOCKER_HOST=unix:///run/nobody.sock grype 'docker:a b'"),
        ("scout", LOCAL, "docker scout cves 'local://a b'"),
        ("trivy", SSH, "docker save --output image.tar 'a b' && trivy image --scanners=vuln --input=image.tar"),
        ("grype", SSH, "docker save --output image.tar 'a b' && grype docker-archive:image.tar"),
        ("scout", SSH, "docker save --output image.tar 'a b' && docker scout cves archive://image.tar"),
    ],
)
def test_the_line_that_is_equal(tool: Tool, endpoint: Endpoint, line: str) -> None:
    assert shown_line(tool, "a b", endpoint) == line


async def test_what_the_program_has_around_it(run: Start, tmp_path: Path) -> None:
    script = (
        'echo "$DOCKER_HOST|${TRIVY_OUTPUT-none}|$TMPDIR|$(pwd)" >&2; umask >&2; (: </dev/tty) 2>&1 | head -1 >&2;'
        'read line || echo "no input" >&2; echo "{}"'
    )
    scan = run(script)
    said = await said_by(scan)
    place = tmp_path / "private"
    assert f"unix:///run/nobody.sock|none|{place}|{place}" in said
    assert "no input" in said
    assert "/dev/tty" in said  # it can't be opened: nothing can be asked there
    assert scan.report.read_text() == "{}\n"
    assert stat.S_IMODE(scan.report.stat().st_mode) == 0o600


async def test_scout_writes_its_report_to_a_file_beside_words_for_people(run: Start, tmp_path: Path) -> None:
    document = tmp_path / "document.json"
    document.write_text(json.dumps(scout_report()))
    copy = f'for w; do case "$w" in --output=*) cat {document} >"${{w#--output=}}";; esac; done; echo hello'
    scan = run(copy, "scout")
    assert "hello" in await said_by(scan)
    assert read_report("scout", scan.report).counts == {"high": 1}


# how it fails


async def test_a_program_that_says_no(run: Start) -> None:
    with pytest.raises(ScanFailed, match="trivy ended with exit code 3"):
        await said_by(run("echo '{}'; echo no >&2; exit 3"))


async def test_grype_with_findings_as_a_failure_has_a_report(run: Start) -> None:
    assert await said_by(run("echo '{}'; exit 2", "grype")) == ""
    run_without = run("exit 2", "grype")
    run_without.report.unlink()
    with pytest.raises(ScanFailed, match="grype ended with exit code 2"):
        await said_by(run_without)


async def test_a_program_that_was_killed(run: Start) -> None:
    with pytest.raises(ScanFailed, match="trivy was ended by signal 9"):
        await said_by(run("kill -9 $$"))


async def test_a_program_that_does_not_start(run: Start, tmp_path: Path) -> None:
    scan = run("true")
    (tmp_path / "bin" / "trivy").write_text("#!/nowhere/at/all\n")
    with pytest.raises(ScanFailed, match="bin/trivy: No such file"):
        await said_by(scan)


async def test_one_that_hangs_is_ended_with_what_it_started(run: Start, tmp_path: Path) -> None:
    with pytest.raises(ScanFailed, match="did not end within 1 s"):
        await said_by(run(f"sleep 300 & echo $! >{tmp_path}/pid; wait", seconds=1))
    await until(lambda: not alive(int((tmp_path / "pid").read_text())))


async def test_leaving_ends_the_whole_group(run: Start, tmp_path: Path) -> None:
    scanning = run(f"sleep 300 & echo $! >{tmp_path}/pid; echo begun >&2; wait").scan(IMAGE)
    async with asyncio.timeout(30):
        assert await anext(scanning) == b"begun\n"
        await scanning.aclose()
    await until(lambda: not alive(int((tmp_path / "pid").read_text())))


async def test_one_that_ignores_a_kind_word_is_killed(
    run: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.engine.program.GRACE_SECONDS", 0.2)
    scanning = run(f"trap '' TERM; echo $$ >{tmp_path}/pid; echo begun >&2; while :; do sleep 0.05; done").scan(IMAGE)
    async with asyncio.timeout(30):
        await anext(scanning)
        await scanning.aclose()
    assert not alive(int((tmp_path / "pid").read_text()))


async def test_what_a_program_leaves_behind_with_its_output_is_not_waited_for(run: Start, tmp_path: Path) -> None:
    said = await said_by(run(f"sleep 300 & echo $! >{tmp_path}/pid; echo '{{}}'; echo bye >&2"))
    assert said == "bye"
    await until(lambda: not alive(int((tmp_path / "pid").read_text())))


async def test_a_report_without_end_is_cut_off(run: Start) -> None:
    scan = run("yes '{'", most=1 << 20)
    with pytest.raises(ScanFailed, match="wrote more than 1 MiB"):
        await said_by(scan)


async def test_words_without_end_leave_the_keys_alive(run: Start) -> None:
    scanning = run("yes chatter >&2").scan(IMAGE)
    turns = 0

    async def keys() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    pressing = asyncio.create_task(keys())
    read = 0
    async with asyncio.timeout(30):
        async for chunk in scanning:
            read += len(chunk)
            if read > 4 << 20:
                break
        await scanning.aclose()
    pressing.cancel()
    assert turns > 20


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


# what it said at last


def test_the_last_words_of_trivy_are_those_of_its_error() -> None:
    lines = [
        "2026-11-29T19:15:56Z\tINFO\t[vulndb] Downloading vulnerability DB...",
        "2026-11-29T19:15:56Z\tFATAL\tFatal error\trun error: failed to download vulnerability DB: 1 error occurred:",
        '\t* Get "https://mirror.gcr.io/v2/": dial tcp: lookup mirror.gcr.io: no such host',
        "", "",
    ]  # fmt: skip
    assert last_words(lines) == (
        "run error: failed to download vulnerability DB: 1 error occurred: "
        '* Get "https://mirror.gcr.io/v2/": dial tcp: lookup mirror.gcr.io: no such host'
    )


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], ""),
        (["", "  "], ""),
        (["one", "two"], "two"),
        (["[0002] ERROR unable to load the database", "goodbye"], "unable to load the database goodbye"),
        (["    ✗ not entitled", ""], "✗ not entitled"),
        (["x" * 5000], "x" * 600),
    ],
)
def test_last_words(lines: list[str], words: str) -> None:
    assert last_words(lines) == words


def test_an_empty_report_is_told(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_bytes(b"")
    with pytest.raises(ReportError, match="grype wrote no report"):
        read_report("grype", tmp_path / "report.json")


# what is kept


def scan_of(image: str, tool: Tool = "trivy", database: str = "", rows: int = 1) -> Scan:
    report = Report(tool, (Finding("low", "CVE-1", "x"),) * rows, {"low": rows}, database=database)
    return Scan(image, image, report, 0.0, "trivy image x")


def test_the_last_scan_of_an_image_is_known_by_tool_and_database() -> None:
    book = ScanBook()
    assert book.latest("a") is None
    first, second, third = scan_of("a"), scan_of("a", "grype"), scan_of("b")
    for each in (first, second, third):
        book.put(each)
    assert book.latest("a") is second
    again = scan_of("a")
    book.put(again)
    assert book.latest("a") is again
    newer = scan_of("a", database="2026-11-29")
    book.put(newer)
    assert book.latest("a") is newer


def test_the_oldest_scans_go_by_number_and_by_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    book = ScanBook()
    for number in range(MOST_SCANS + 3):
        book.put(scan_of(str(number)))
    assert [book.latest(str(number)) is None for number in range(4)] == [True, True, True, False]
    monkeypatch.setattr("tui.jobs.scan.MOST_ROWS", 10)
    book.put(scan_of("great", rows=100))  # one alone is kept whatever it has
    assert book.latest("great") is not None
    assert book.latest(str(MOST_SCANS)) is None
