"""The scan of an image under a pilot's fingers: found, narrowed, exported, failed, cancelled, beside the layers."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

import pytest
from stage import StageApp, dashboard, settle, text_of, until
from textual.pilot import Pilot
from textual.widgets import Input

from fake_scanners import make_tools, trivy_report
from tui.screens.layers import LayersScreen
from tui.screens.scan import ScanScreen
from tui.settings import Settings
from widgets.dialogs import ConfirmDialog, MessageDialog, PromptDialog

Compare = Callable[..., bool]
SIZE = (120, 40)
SIZES = {"80x24": (80, 24), "120x40": (120, 40)}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "cache"
    monkeypatch.setattr("tui.jobs.scan.spill_folder", lambda: place)
    return place


class ScanStage(StageApp):
    """The app on a machine that has some scanners."""

    def __init__(self, folder: Path, *tools: str, script: str = "", settings: Settings | None = None) -> None:
        super().__init__(settings)
        path = make_tools(folder, *tools, script=script) if tools else str(folder)
        self.environment = {"PATH": path, "HOME": str(folder), "DOCKER_CONFIG": str(folder / "config")}


async def open_scan(pilot: Pilot[int], image: str = "grafana") -> ScanScreen:
    """Scan an image of the dashboard, by keys."""
    await dashboard(pilot)
    await pilot.press("2", "slash", *image, "enter", "s")
    app = pilot.app
    await until(pilot, lambda: isinstance(app.screen, ScanScreen) and app.screen.is_mounted, "the scan")
    return cast("ScanScreen", app.screen)


async def found(pilot: Pilot[int], image: str = "grafana") -> ScanScreen:
    screen = await open_scan(pilot, image)
    app = cast("StageApp", pilot.app)
    await until(pilot, lambda: "critical 1" in text_of(app), "what was found")
    return screen


async def test_what_is_found_is_counted_listed_and_told(tmp_path: Path) -> None:
    app = ScanStage(tmp_path, "trivy")
    async with app.run_test(size=SIZE) as pilot:
        screen = await found(pilot)
        shown = text_of(app)
        assert "scan of grafana/grafana:11.1.0" in shown
        for words in ("✗ critical 1", "▲ high 1", "◆ medium 0", "▼ low 1", " 3 found", "trivy 0.76.0"):
            assert words in shown
        lines = [line for line in shown.splitlines() if "CVE-" in line]
        assert [line.split()[1] for line in lines[:3]] == ["critical", "high", "low"]  # the worst first
        assert "1.2.13-r1" in lines[0]
        assert "fixed in 1.2.13-r1" in shown  # the details of the first
        assert "MiniZip in zlib" in shown
        assert "https://zlib.net" in shown
        (entry,) = screen.session.history
        assert (entry.outcome, "trivy image --scanners=vuln --image-src=docker grafana" in entry.line) == ("ok", True)
        await pilot.press("G")
        await until(pilot, lambda: "no fix is known (affected)" in text_of(app), "the details of the last")


async def test_the_rows_are_narrowed_step_by_step_and_back(tmp_path: Path) -> None:
    app = ScanStage(tmp_path, "trivy")
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        screen = await found(pilot)
        await pilot.press("f")
        await until(pilot, lambda: "2 found  only what can be fixed" in text_of(app))
        await pilot.press("v")
        await until(pilot, lambda: "1 found  only what can be fixed  only layer 1" in text_of(app))
        await pilot.press("escape")
        await until(pilot, lambda: " 3 found  trivy" in text_of(app))
        await pilot.press("slash", *"lodash", "enter")
        await until(pilot, lambda: "1 of 3 found" in text_of(app))
        await pilot.press("y")
        await until(pilot, lambda: "Copy from CVE-2019-10744" in text_of(app))
        await pilot.press("escape", "escape")
        await until(pilot, lambda: " 3 found" in text_of(app))
        assert app.screen is screen
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is not screen, "left")


async def test_the_layers_have_the_counts_beside_them(tmp_path: Path) -> None:
    app = ScanStage(tmp_path, "trivy")
    async with app.run_test(size=SIZE) as pilot:
        screen = await found(pilot)
        await pilot.press("G", "L")  # openssl, of the last layer
        await until(pilot, lambda: isinstance(app.screen, LayersScreen), "the layers")
        layers = cast("LayersScreen", app.screen)
        await until(pilot, lambda: "1H 1L" in text_of(app) and "1C" in text_of(app), "the counts")
        diff_ids = (await screen.session.engine.images.stack(screen.image_id)).diff_ids
        row = screen.table.cursor_row
        assert row is not None
        assert row.finding.diff_id == diff_ids[-1]
        await until(pilot, lambda: layers.pane.view is not None and layers.pane.files.row_count > 0, "the files")
        marked = [line for line in text_of(app).splitlines() if "1H 1L" in line]
        assert "COPY docker" in marked[0]
        assert layers.number == row.layer - 1
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, ScanScreen), "the scan, which is known")
        assert len(list(layers.session.jobs)) == 2  # the scan and the reading of the layers


async def test_a_scan_from_the_layers_counts_when_it_is_done(tmp_path: Path) -> None:
    app = ScanStage(tmp_path, "trivy")
    async with app.run_test(size=SIZE) as pilot:
        await dashboard(pilot)
        await pilot.press("2", "slash", *"grafana", "enter", "L")
        await until(pilot, lambda: isinstance(app.screen, LayersScreen) and "RUN set -x" in text_of(app), "the layers")
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, ScanScreen), "the scan")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, LayersScreen) and "1H 1L" in text_of(app), "the counts")


async def test_the_findings_are_written_and_a_file_is_replaced_only_when_asked(tmp_path: Path) -> None:
    app = ScanStage(tmp_path, "trivy")
    target = tmp_path / "found.json"
    target.write_text("mine")
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await found(pilot)

        async def export() -> None:
            await pilot.press("E")
            await until(pilot, lambda: isinstance(app.screen, PromptDialog), "the question")
            app.screen.query_one(Input).value = str(target)
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, ConfirmDialog), "may it be replaced?")

        await export()
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ScanScreen))
        assert target.read_text() == "mine"
        await export()
        await pilot.press("y")
        await until(pilot, lambda: "written: " in text_of(app) or target.read_text() != "mine", "written")
    document = json.loads(target.read_text())
    assert document["counts"] == {"critical": 1, "high": 1, "medium": 0, "low": 1, "negligible": 0, "unknown": 0}
    assert [each["id"] for each in document["findings"]] == ["CVE-2023-45853", "CVE-2024-9999", "CVE-2019-10744"]
    assert document["findings"][0]["layer"] == 1


async def test_what_the_tool_says_is_shown_and_a_failure_leaves_what_was_known(tmp_path: Path) -> None:
    app = ScanStage(tmp_path, "trivy")
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await found(pilot)
        make_tools(
            tmp_path, "trivy", script="[ $1 = version ] || { echo 'ERROR \033[31mno [red]luck\033[0m' >&2; exit 4; }"
        )
        await pilot.press("r")
        await until(pilot, lambda: "trivy ended with exit code 4: " in text_of(app), "why")
        shown = text_of(app)
        assert "no [red]luck" in shown
        assert "\033" not in shown
        assert "below is what the scan before found" in shown
        assert "CVE-2023-45853" in shown
        await pilot.press("l")
        await until(pilot, lambda: "scan grafana/grafana:11.1.0 with trivy" in text_of(app), "the output")


async def test_a_scan_that_hangs_is_left_and_cancelled(tmp_path: Path) -> None:
    script = "[ $1 = version ] && exit 0; echo 'INFO downloading' >&2; exec sleep 300"
    app = ScanStage(tmp_path, "trivy", script=script)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        screen = await open_scan(pilot)
        await until(pilot, lambda: "INFO downloading" in text_of(app), "what it says")
        assert "trivy is at it" in text_of(app)
        assert " found" not in text_of(app)  # nothing is known yet
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is not screen)
        await pilot.press("J")
        await until(pilot, lambda: "scan grafana/grafana:11.1.0 with trivy" in text_of(app), "the jobs")
        await pilot.press("escape", "s")
        await until(pilot, lambda: isinstance(app.screen, ScanScreen), "it again")
        (job,) = screen.session.jobs
        await pilot.press("x")
        await until(pilot, lambda: job.state == "cancelled", "cancelled")
        await until(pilot, lambda: "the scan was cancelled; r scans again" in text_of(app))


async def test_the_demo_without_a_tool_says_so(tmp_path: Path) -> None:
    app = ScanStage(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await dashboard(pilot)
        await pilot.press("2", "slash", *"grafana", "enter", "s")
        await until(pilot, lambda: isinstance(app.screen, MessageDialog), "the note")
        shown = text_of(app)
        for words in ("No scanner is installed here", "trivy", "grype", "docker scout", "DOCKER_HOST=unix://"):
            assert words in shown


async def test_a_hundred_thousand_findings_leave_the_keys_alive(tmp_path: Path) -> None:
    app = ScanStage(tmp_path, "trivy")
    async with app.run_test(size=SIZE) as pilot:
        screen = await found(pilot)
        diff_ids = (await screen.session.engine.images.stack(screen.image_id)).diff_ids
        document = trivy_report(diff_ids)
        one = document["Results"][0]["Vulnerabilities"][0]
        document["Results"][0]["Vulnerabilities"] = [
            {**one, "VulnerabilityID": f"CVE-2024-{at}", "PkgName": f"package{at % 999}", "Severity": "MEDIUM"}
            for at in range(100_000)
        ]
        report = tmp_path / "many.json"
        report.write_text(json.dumps(document))
        make_tools(tmp_path, "trivy", script=f"[ $1 = version ] || cat {report}")
        await pilot.press("r")
        await until(pilot, lambda: "medium 100,000" in text_of(app), "all of them")
        await pilot.press("G", "g", "slash", *"CVE-2024-1234", "enter")
        await until(pilot, lambda: "11 of 100001 found" in text_of(app), "the filter")


# what it looks like


def seen(*keys: str, words: str = "critical 1") -> Callable[[Pilot[int]], Awaitable[None]]:
    async def run(pilot: Pilot[int]) -> None:
        await found(pilot)
        app = cast("StageApp", pilot.app)
        await pilot.press(*keys)
        await until(pilot, lambda: words in text_of(app), words)
        await settle(pilot)

    return run


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_scan(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    assert snap_compare(ScanStage(tmp_path, "trivy"), terminal_size=size, run_before=seen("j"))


def test_scan_in_ascii(snap_compare: Compare, tmp_path: Path) -> None:
    app = ScanStage(tmp_path, "trivy", settings=Settings(ascii=True))
    assert snap_compare(app, terminal_size=(80, 24), run_before=seen())


def test_layers_with_counts(snap_compare: Compare, tmp_path: Path) -> None:
    app = ScanStage(tmp_path, "trivy")
    assert snap_compare(app, terminal_size=(120, 40), run_before=seen("G", "L", words="docker-entrypoint.sh"))
