"""The docker CLI itself is asked what it leaves out of a context, by a daemon that only reads what it is sent."""

import asyncio
import io
import os
import tarfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from tui.engine.build_context import open_context
from tui.engine.context_tar import stream_context

FILES = (
    ".env", ".pyc", "README.md", "a", "a.pyc", "b/a", "barfoo", "d/.env", "d/a.pyc", "d/e/prod.env", "d/foobar/z",
    "d/k.pem", "foo/x", "foobar/z", "k.pem", "prod.env", "x/README.md", "x/barfoo/y", "x/foo", "a\nb.pyc", "b/q\nw",
)  # fmt: skip
PATTERNS = (
    "**.pyc", "**.pem", "**.env", "**foo", "**/foo", "**foo/**", "***foo", "**[f]oo", "**/.env", "**foo/x",
    "**", "a**", "b/**", "**/d/**", "**/*.env", "d/**/prod.env", "x**foo", "*\n!**.md", "*\n!a**", "foo**\n!**z",
)  # fmt: skip


def names(archive: bytes) -> set[str]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {member.name for member in tar if member.isfile()}


@dataclass
class Cli:
    """A docker CLI of 23.0 or later, whose matcher hythe follows, with a daemon that takes every context."""

    path: str
    socket: Path
    sent: bytes = b""

    async def run(self, *words: str, **variables: str) -> str:
        process = await asyncio.create_subprocess_exec(
            self.path, "-H", f"unix://{self.socket}", *words, env={**os.environ, **variables},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        async with asyncio.timeout(60):
            out, _ = await process.communicate()
        assert process.returncode == 0, out
        return out.decode()


@pytest.fixture
async def cli(docker_cli: str, short_tmp: Path) -> AsyncIterator[Cli]:
    cli = Cli(docker_cli, short_tmp / "d.sock")

    async def ping(_request: web.Request) -> web.Response:
        return web.Response(text="OK", headers={"Api-Version": "1.41", "Ostype": "linux"})

    async def build(request: web.Request) -> web.Response:
        cli.sent = await request.read()
        return web.json_response({"stream": "Successfully built 0123456789ab\n"})

    app = web.Application(client_max_size=1 << 24)
    app.router.add_get("/_ping", ping)
    app.router.add_post("/v1.41/build", build)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.UnixSite(runner, str(cli.socket)).start()
        if int((await cli.run("--version")).split("version ")[1].split(".")[0]) < 23:
            pytest.skip("the matcher of docker before 23.0 knows no **.pem")
        yield cli
    finally:
        await runner.cleanup()


async def test_it_leaves_out_what_the_docker_cli_leaves_out(cli: Cli, tmp_path: Path) -> None:
    for name in ("Dockerfile", *FILES):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("FROM scratch\n")
    for patterns in PATTERNS:
        (tmp_path / ".dockerignore").write_text(patterns)
        await cli.run("build", str(tmp_path), DOCKER_BUILDKIT="0", DOCKER_CONFIG=str(cli.socket.parent))
        ours = names(b"".join(stream_context(open_context(tmp_path))))
        assert (patterns, ours) == (patterns, names(cli.sent))
