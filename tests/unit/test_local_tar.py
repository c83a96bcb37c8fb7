"""A file or folder of this machine as a tar: the same files, links as links, what changes meanwhile told."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from tui.engine.local_tar import LocalError, look_at, stream_local


def made(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.txt").write_bytes(b"one")
    (folder / "deep" / ("n" * 150)).write_bytes(b"x" * 700_000)
    (folder / "empty").write_bytes(b"")
    (folder / "link").symlink_to("../../outside")
    os.mkfifo(folder / "pipe")
    return folder


def test_a_folder_is_sent_under_its_name(tmp_path: Path) -> None:
    folder = made(tmp_path)
    data = b"".join(stream_local(folder, "folder"))
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        found = {info.name: (info.type, info.size, info.uid, info.gid) for info in archive}
        assert archive.extractfile("folder/a.txt").read() == b"one"  # type: ignore[union-attr]
        assert archive.getmember("folder/link").linkname == "../../outside"
    assert found == {
        "folder": (tarfile.DIRTYPE, 0, 0, 0),
        "folder/a.txt": (tarfile.REGTYPE, 3, 0, 0),
        "folder/deep": (tarfile.DIRTYPE, 0, 0, 0),
        f"folder/deep/{'n' * 150}": (tarfile.REGTYPE, 700_000, 0, 0),
        "folder/empty": (tarfile.REGTYPE, 0, 0, 0),
        "folder/link": (tarfile.SYMTYPE, 0, 0, 0),
    }
    about = look_at(folder)
    assert (about.files, about.folders, about.size) == (3, 2, 700_003)
    assert about.left_out == (str(folder / "pipe"),)
    assert about.unreadable == ()
    assert about.archive <= len(data)


def test_one_file_alone(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"abc")
    with tarfile.open(fileobj=io.BytesIO(b"".join(stream_local(tmp_path / "f", "other")))) as archive:
        assert archive.getnames() == ["other"]


def test_what_can_not_be_read_is_named_before(tmp_path: Path) -> None:
    assert look_at(tmp_path / "none").unreadable == (f"{tmp_path / 'none'}: No such file or directory",)


def test_a_file_that_shrinks_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "f").write_bytes(b"x" * 10)
    monkeypatch.setattr(os, "read", lambda _handle, _most: b"")
    with pytest.raises(LocalError, match="f shrank by 10 bytes"):
        list(stream_local(tmp_path / "f", "f"))


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    folder = made(tmp_path)
    chunks = stream_local(folder, "folder")
    assert next(chunks)
    (folder / "empty").unlink()
    with pytest.raises(LocalError, match="empty"):
        list(chunks)
