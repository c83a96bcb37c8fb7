"""The folder that hythe was started in can be removed meanwhile: relative paths are refused, others work."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tui.commands.projects import check_place as check_compose
from tui.jobs.archives import check_archive
from tui.jobs.log_save import check_place
from tui.model.run_client import ClientProblem, resolved
from tui.model.run_line import parse_run_line
from tui.model.run_spec import RunSpec
from tui.screens.run_sending import client_of


@pytest.fixture(autouse=True)
def gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()


@pytest.mark.parametrize("check", [check_compose, check_archive, check_place])
@pytest.mark.parametrize("text", [".", "x.tar", "../x.tar"])
def test_a_relative_path_is_refused(check: Callable[[str], str | None], text: str) -> None:
    assert check(text)


def test_an_absolute_path_is_taken(tmp_path: Path) -> None:
    assert check_compose(str(tmp_path)) is None
    assert check_place(str(tmp_path / "x.tar")) is None


def spec_of(line: str) -> RunSpec:
    spec = parse_run_line(f"docker run {line} busybox").spec
    assert spec is not None
    return spec


def test_a_container_runs_if_nothing_of_it_counts_from_there() -> None:
    assert resolved(spec_of("-v /a:/b -v data:/c"), client_of({})).all("volume") == ("/a:/b", "data:/c")


@pytest.mark.parametrize("line", ["-v ./a:/b", "-v .:/b", "--mount type=bind,src=./a,dst=/b"])
def test_a_mount_that_counts_from_there_is_told(line: str) -> None:
    with pytest.raises(ClientProblem, match="is gone"):
        resolved(spec_of(line), client_of({}))
