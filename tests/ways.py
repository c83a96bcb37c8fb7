"""Every transport by which an engine is reached, for the contract tests that hold the same operations over each."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from certificates import Certificates
from doors import tcp_door
from ssh_server import SshServer
from tui.engine.endpoint import Endpoint, Tls


@dataclass(frozen=True)
class Way:
    """One transport: `kind` is a name of KINDS."""

    kind: str
    certificates: Certificates | None = None
    ssh: SshServer | None = None

    @asynccontextmanager
    async def to(self, socket: str) -> AsyncIterator[Endpoint]:
        """Give the endpoint by which this transport leads to the engine at `socket`."""
        if self.kind == "unix":
            yield Endpoint(f"unix://{socket}", "test")
        elif self.ssh is not None:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("PATH", self.ssh.path)
                yield Endpoint(f"{self.ssh.url}{socket}", "test")
        elif self.kind == "tcp":
            async with tcp_door(socket) as door:
                yield Endpoint(door.url, "test")
        else:
            assert self.certificates is not None
            folder = self.certificates.folder
            tls = Tls(str(folder / "ca.pem"), str(folder / "cert.pem"), str(folder / "key.pem"))
            async with tcp_door(socket, self.certificates.server_context()) as door:
                yield Endpoint(door.url, "test", tls=tls)


KINDS = ("unix", "tcp", "tls", "ssh", "ssh-stdio")
"""`ssh` forwards the socket; `ssh-stdio` is through a server that lets none be forwarded."""
