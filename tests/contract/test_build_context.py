"""Real builders take our context, and their answers are followed to the image."""

import http.client
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from engines import RealEngine, UnixHTTPConnection
from tui.engine.archive import ArchiveIndexer
from tui.engine.build_context import BuildContext, open_context
from tui.engine.build_messages import BuildMessages
from tui.engine.context_tar import stream_context
from tui.model.build import BuildState, apply_all

DOCKERFILE = "FROM busybox\nCOPY . /context\nRUN cd /context && find . | sort && cat deep/*.txt\nRUN rm /context/big\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "context"
    (root / "deep").mkdir(parents=True)
    (root / "Dockerfile").write_text(DOCKERFILE)
    (root / ".dockerignore").write_text("*.log\n!keep.log\nDockerfile\n")
    for name in ("a.log", "keep.log", "deep/b.txt", "deep/" + "n" * 150):
        (root / name).write_text(name)
    (root / "big").write_bytes(bytes(3_000_000))
    (root / "link").symlink_to("deep/b.txt")
    return root


@pytest.fixture
def tag(real_engine: RealEngine) -> Iterator[str]:
    name = f"buildcontext-{uuid.uuid4().hex[:8]}:1"
    yield name
    request(real_engine, "DELETE", f"/v1.41/images/{name}?force=1")


def request(
    engine: RealEngine, method: str, path: str, body: Iterator[bytes] | None = None
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = UnixHTTPConnection(engine.socket, timeout=120)
    headers = {"Content-Type": "application/x-tar"} if body is not None else {}
    connection.request(method, path, body, headers, encode_chunked=True)
    response = connection.getresponse()
    data = response.read()
    connection.close()
    return response, data


def build(engine: RealEngine, context: BuildContext, tag: str, version: int) -> BuildState:
    query = f"version={version}&dockerfile={context.dockerfile}&t={tag}&rm=1&forcerm=1&networkmode=none&nocache=1"
    response, data = request(engine, "POST", f"/v1.41/build?{query}", stream_context(context))
    assert response.status == 200, data
    messages = BuildMessages()
    return apply_all(BuildState(), [*messages.feed(data), *messages.close()])


@pytest.mark.parametrize("version", [1, 2], ids=["classic", "buildkit"])
def test_a_context_is_built_and_its_layers_are_read(
    real_engine: RealEngine, folder: Path, tag: str, version: int
) -> None:
    state = build(real_engine, open_context(folder), tag, version)
    assert state.failure is None
    assert state.result is not None
    run = next(step for step in state.ordered if step.name.startswith("RUN cd"))
    lines = [line.text for line in state.logs[run.id].lines]
    assert {"./keep.log", "./link", "./deep/b.txt", "./deep/" + "n" * 150, "./big"} <= set(lines)
    assert "./a.log" not in lines
    assert lines[-1] == "deep/b.txt"
    indexer = ArchiveIndexer()
    indexer.feed(request(real_engine, "GET", f"/v1.41/images/{tag}/get")[1])
    image = indexer.finish()
    assert [layer.instruction.split()[0] for layer in image.layers[-3:]] == ["COPY", "RUN", "RUN"]
    last = len(image.layers) - 1
    removed = image.view(last)
    node = removed.find("/context/big")
    assert node is not None
    assert removed.change[node] == 3
    assert image.waste(removed) >= 3_000_000


@pytest.mark.parametrize("version", [1, 2], ids=["classic", "buildkit"])
def test_a_dockerfile_from_outside_is_found(
    real_engine: RealEngine, folder: Path, tmp_path: Path, tag: str, version: int
) -> None:
    (tmp_path / "other").write_text("FROM busybox\nCOPY deep/b.txt /\n")
    state = build(real_engine, open_context(folder, tmp_path / "other"), tag, version)
    assert state.failure is None
    assert state.result is not None
