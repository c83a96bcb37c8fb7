"""Trying a context that is not kept yet: nothing is left of it, and what is wrong names the user's own files."""

import stat
from pathlib import Path

import pytest

from tui.commands.command import Context
from tui.commands.host_desk import try_context
from tui.commands.registry import BY_ID
from tui.engine.endpoint import Endpoint
from tui.model.context_spec import ContextSpec
from tui.model.hosts import Host, HostRow, Probe

TLS = Path(__file__).with_name("data") / "tls"
CA, CERT, KEY = (str(TLS / name) for name in ("ca.pem", "cert.pem", "key.pem"))


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def entries(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def look(folder: Path) -> tuple[int, list[Path]]:
    """The mode of a folder, and the keys in it."""
    keys = list(folder.rglob("key.pem"))
    assert all(stat.S_IMODE(key.stat().st_mode) == 0o600 for key in keys)
    return stat.S_IMODE(folder.stat().st_mode), keys


async def test_a_try_leaves_nothing_and_tells_the_users_own_paths(temporary: Path) -> None:

    async def prober(endpoint: Endpoint) -> Probe:
        (folder,) = entries(temporary)
        mode, (key,) = look(folder)
        assert (endpoint.url, mode) == ("tcp://h:2376", 0o700)
        return Probe("TLS", reason=f"{key} is odd", hint=f"mend {key}")

    found = await try_context(ContextSpec("", "", "tcp://h:2376", CA, CERT, KEY), prober, {"HOME": "/nowhere"})
    assert (found.reason, found.hint) == (f"{KEY} is odd", f"mend {KEY}")
    assert entries(temporary) == []


async def test_what_can_not_be_is_told_without_asking(temporary: Path) -> None:
    async def prober(_endpoint: Endpoint) -> Probe:
        raise AssertionError("nobody is to be asked")

    found = await try_context(ContextSpec("x", "", "tcp://h:2376", "/nowhere/ca.pem"), prober, {})
    assert (found.state, found.reason) == ("unusable", "/nowhere/ca.pem: No such file or directory")
    found = await try_context(ContextSpec("x", "", "nonsense://h"), prober, {})
    assert "nonsense://" in found.reason
    assert entries(temporary) == []


def test_commands_on_hosts_need_none_and_others_do() -> None:
    row = HostRow(Host("x", "socket", "x", "unix:///x", ""), "x")
    context = Context(None, None, "hosts", (row,))  # pyright: ignore[reportArgumentType] nothing is asked of the screen
    for id, reason in (
        ("host.connect", None),
        ("host.create", None),
        ("host.edit", "only docker's contexts"),
        ("host.remove", "only docker's contexts"),
        ("app.build", "no host is connected"),
        ("app.history", None),
    ):
        why = BY_ID[id].why_not(context)
        assert why is reason or (reason is not None and reason in str(why))
    with pytest.raises(RuntimeError, match="needs a connected host"):
        _ = context.session
