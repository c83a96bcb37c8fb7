"""Logins written as the docker CLI writes them: to its credential helper, or to its config.json."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from tui.engine.cli_config import change_login, login_helper, login_servers
from tui.engine.credentials import TOKEN_USER, Credentials, CredentialsError, helper_named, run_helper, server_key
from tui.engine.endpoint import config_folder
from tui.model.reference import registry_host

PLAIN: Final = "config.json, readable by whoever may read that file"


class LoginStore:
    """The docker CLI's logins, to be changed. `folder` is its configuration folder."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or config_folder(os.environ)

    async def place(self, registry: str) -> str:
        """Return in words where a login is kept. Raises as `keep`."""
        helper = await self._helper(registry)
        return f"docker-credential-{helper}" if helper else f"{self._folder}/{PLAIN}"

    async def keep(self, registry: str, username: str, login: Credentials) -> None:
        """Keep a login, which the docker CLI finds from then on. An identity token has no `login.username`.

        Raises:
            CredentialsError: the helper that the configuration names fails or hangs.
            ContextError: config.json can't be changed; it is as it was.
        """
        server = server_key(registry)
        if helper := await self._helper(registry):
            given = {"ServerURL": server, "Username": login.username or TOKEN_USER, "Secret": login.secret}
            if await run_helper(helper, "store", msgspec.json.encode(given).decode()) is None:
                raise CredentialsError(f"docker-credential-{helper} kept nothing")
            await self._change(server, {})  # as the CLI does: the helper has the secret, the file the name
            return
        pair = f"{username}:{login.secret}" if login.username else f"{username}:"
        entry = {"auth": base64.b64encode(pair.encode()).decode()}
        if not login.username:
            entry["identitytoken"] = login.secret
        await self._change(server, entry)

    async def forget(self, registry: str) -> bool:
        """Take a login away, under whatever name it was kept; returns whether there was one.

        Raises:
            CredentialsError, ContextError: as `keep`.
        """
        server = server_key(registry)
        # `docker logout` looks for what older ones wrote, too
        others = [] if server != registry else [f"http://{registry}", f"https://{registry}"]
        known = False
        if helper := await self._helper(registry):
            known = await run_helper(helper, "get", server) is not None
            if known:
                await run_helper(helper, "erase", server)
        changed = await asyncio.to_thread(change_login, self._folder, server, None, also=others)
        return known or changed

    async def known(self) -> list[tuple[str, str]]:
        """Return the registries that are logged in to, and in words where each login is kept.

        Raises:
            ContextError: config.json can't be read.
        """
        servers = await asyncio.to_thread(login_servers, self._folder)
        hosts = sorted({registry_host(server) for server in servers})
        return [(host, await self.place(host)) for host in hosts]

    async def _change(self, server: str, entry: Mapping[str, str]) -> None:
        await asyncio.to_thread(change_login, self._folder, server, entry)

    async def _helper(self, registry: str) -> str | None:
        return helper_named(await asyncio.to_thread(login_helper, self._folder, server_key(registry)))
