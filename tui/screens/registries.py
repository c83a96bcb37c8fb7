"""The registries that are known by the daemon's images and by the docker CLI's logins; logging in and out."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType

from tui.commands.transfers import log_in, log_out
from tui.engine.endpoint import config_folder
from tui.engine.errors import EngineError
from tui.engine.login_store import LoginStore
from tui.model.reference import DEFAULT_DOMAIN, InvalidReference, check_registry, parse_reference, registry_host
from tui.present.units import plural
from tui.screens.browse import BrowseScreen
from widgets.choice_list import ChoiceList


class RegistriesScreen(BrowseScreen):
    """One line a registry."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "other", "Another registry", show=False, id="registries.other"),
        Binding("L", "log_in", "Log in", show=False, id="registries.log_in"),
        Binding("O", "log_out", "Log out", show=False, id="registries.log_out"),
    ]
    hints = (("enter", "repositories"), ("a", "another"), ("L", "log in"), ("O", "log out"))
    own_keys = (
        ("enter", "its repositories; of Docker Hub: search"),
        ("a", "look into a registry that is not listed"),
        ("L O", "log in, log out: the docker CLI sees it too"),
        *BrowseScreen.keys_of_list,
    )

    def __init__(self) -> None:
        super().__init__()
        self._added: set[str] = set()

    def on_screen_resume(self) -> None:
        self.action_read()  # tags may have come and gone, and it asks no registry

    def subject(self) -> str:
        return "registries"

    async def fill(self) -> None:
        images = Counter(_registries(tag for image in self.session.state.images.values() for tag in image.tags))
        try:
            logins = dict(await LoginStore(config_folder(os.environ)).known())
        except EngineError:
            self._list(images, None)  # the registries are there, whatever is wrong with the file of the logins
            raise
        self._list(images, logins)

    def _list(self, images: Counter[str], logins: Mapping[str, str] | None) -> None:
        """Show the registries; `logins` are where each login is kept, None where that can't be read."""
        hosts = sorted({*images, *(logins or ()), *self._added} - {DEFAULT_DOMAIN})
        self.entries = {
            host: (
                (f"{host:<40} ", "" if host != DEFAULT_DOMAIN else "bold"),
                (f"{plural(images[host], 'tag') + ' here':<16}" if images[host] else f"{'':<16}", "dim"),
                (_login_words(host, logins), "dim"),
            )
            for host in (DEFAULT_DOMAIN, *hosts)
        }

    def on_choice_list_chosen(self, message: ChoiceList.Chosen) -> None:
        self.open("repositories", host=message.key)

    def action_other(self) -> None:
        """Ask for a registry, and look into it."""
        self.run_worker(self._other, group="ask")

    async def _other(self) -> None:
        text = await self.prompt("Look into a registry", "HOST or HOST:PORT", "", check_registry)
        if text is not None:
            self._added.add(registry_host(text))
            self.action_read()
            self.open("repositories", host=registry_host(text))

    def action_log_in(self) -> None:
        """Log in to the registry under the cursor."""
        self.run_worker(partial(self._log, "app.login"), group="log")

    def action_log_out(self) -> None:
        """Log out of the registry under the cursor."""
        self.run_worker(partial(self._log, "app.logout"), group="log")

    async def _log(self, id: str) -> None:
        context, host = self.command_context(), self.lines.chosen or DEFAULT_DOMAIN
        if self.refuses(id):
            return
        try:
            await (log_in if id == "app.login" else log_out)(context, host)
        except EngineError as error:
            self.note(f"{error}\n{error.hint}".strip(), "error")
        self.action_read()


def _login_words(host: str, logins: Mapping[str, str] | None) -> str:
    if logins is None:
        return "login not known"
    return f"logged in, kept in {logins[host]}" if host in logins else "no login"


def _registries(tags: Iterable[str]) -> Iterator[str]:
    for tag in tags:
        try:
            yield parse_reference(tag).domain
        except InvalidReference:
            continue  # from outside: what docker would not take names no registry
