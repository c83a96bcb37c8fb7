"""A socket in front of a daemon, in this process, that counts what passes."""

from __future__ import annotations

import select
import threading
from contextlib import suppress
from socket import SHUT_RDWR, socket
from types import TracebackType

import subjects


class Counting:
    """A socket in front of a daemon that counts what passes."""

    def __init__(self, daemon: subjects.Daemon) -> None:
        self.requests = 0
        self.open = 0
        path = f"{daemon.socket}.counted"
        self.daemon = subjects.Daemon(path, daemon.pid, daemon.count)
        self._target = daemon.socket
        self._server = subjects.listening(path)
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Counting:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._server:
            self._server.shutdown(SHUT_RDWR)  # which ends the wait for the next
        self._thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._relay, args=(client, subjects.connected(self._target)), daemon=True).start()

    def _relay(self, client: socket, server: socket) -> None:
        self.open += 1
        with client, server, suppress(OSError):
            while True:
                for source in select.select([client, server], [], [])[0]:
                    if not (data := source.recv(1 << 16)):
                        self.open -= 1
                        return
                    # each of hythe's requests fits into one piece, and begins it
                    self.requests += source is client and data.startswith((b"GET /", b"HEAD /", b"POST /"))
                    (server if source is client else client).sendall(data)
        self.open -= 1
