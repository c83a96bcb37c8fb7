"""The repositories of a registry: its catalog, a page at a time; of Docker Hub, which has none, what a search finds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from tui.commands.registry_desk import open_registry
from tui.engine.registry import MOST_NAMES
from tui.engine.registry_words import RegistryError
from tui.model.reference import DEFAULT_DOMAIN, check_reference, parse_reference
from tui.screens.browse import BrowseScreen
from widgets.choice_list import ChoiceList


class RepositoriesScreen(BrowseScreen):
    """One line a repository."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "search", "Search Docker Hub", show=False, id="repositories.search"),
        Binding("a", "named", "By its name", show=False, id="repositories.named"),
    ]
    hints = (("enter", "tags"), ("a", "by its name"), ("s", "search Docker Hub"))
    own_keys = (
        ("enter", "its tags"),
        ("a", "look into a repository by its name"),
        ("s", "search Docker Hub, which the daemon does"),
        *BrowseScreen.keys_of_list,
    )

    def __init__(self, host: str, term: str = "") -> None:
        super().__init__()
        self._host = host
        self._term = term
        self._wrong = 0

    def subject(self) -> str:
        return f"repositories of {self._host}"

    def on_mount(self) -> None:
        super().on_mount()
        if self._host == DEFAULT_DOMAIN and not self._term:
            self.action_search()

    def why_empty(self) -> str:
        if self._host != DEFAULT_DOMAIN:
            return "no repositories"
        if self._term:
            return f"Docker Hub finds nothing for {self._term!r}: s searches for something else"
        return "Docker Hub has too many to list: s searches it, a opens a repository by its name"

    async def fill(self) -> None:
        if self._host == DEFAULT_DOMAIN:
            await self._search()
            return
        self.entries, self._wrong = {}, 0
        registry = await open_registry(self.session, self._host)
        try:
            async for page in registry.repositories():
                good = [name for name in page if check_reference(f"{self._host}/{name}") is None]
                self._wrong += len(page) - len(good)
                self.entries |= {name: ((name, ""),) for name in good}
                self.changed()
        except RegistryError as error:
            if error.status in (401, 403, 404, 405):
                error.hint = "many registries list nothing: a opens a repository by its name"
            raise
        finally:
            await registry.close()

    async def _search(self) -> None:
        if not self._term:
            return
        hits = await self.session.engine.registries.search(self._term)
        stars = "*" if self.ascii else "★"
        self.entries = {
            hit.name: (
                (f"{hit.name:<36} ", "bold" if hit.is_official else ""),
                (f"{hit.star_count:>6}{stars} ", "number"),
                (f"{'official' if hit.is_official else '':<9}", "good"),
                (hit.description, "dim"),
            )
            for hit in hits
            if check_reference(hit.name) is None
        }

    def notes(self) -> Sequence[str]:
        found: list[str] = []
        if self._host == DEFAULT_DOMAIN and self.entries:
            found.append(f"what Docker Hub finds for {self._term!r}; the daemon asks it")
        if self._wrong:
            found.append(f"{self._wrong} names that docker would not take are left out")
        if len(self.entries) >= MOST_NAMES:
            found.append(f"the first {MOST_NAMES:,} names: there may be more")
        return found

    def on_choice_list_chosen(self, message: ChoiceList.Chosen) -> None:
        self._open(message.key)

    def _open(self, name: str) -> None:
        # of Docker Hub the one-word names are in library/
        path = parse_reference(name if self._host == DEFAULT_DOMAIN else f"{self._host}/{name}").path
        self.open("tags", host=self._host, repository=path)

    def action_search(self) -> None:
        """Ask what to search for."""
        self.run_worker(self._ask_term, group="ask", exclusive=True)

    async def _ask_term(self) -> None:
        text = await self.prompt("Search Docker Hub", "Words", self._term, _check_term)
        if text is None:
            return
        if self._host != DEFAULT_DOMAIN:
            self.open("repositories", host=DEFAULT_DOMAIN, term=text.strip())
            return
        self._term = text.strip()
        self.action_read()

    def action_named(self) -> None:
        """Ask for a repository."""
        self.run_worker(self._ask_name, group="ask", exclusive=True)

    async def _ask_name(self) -> None:
        def check(text: str) -> str | None:
            return check_reference(text if self._host == DEFAULT_DOMAIN else f"{self._host}/{text}")

        text = await self.prompt(f"A repository of {self._host}", "Name", "", check)
        if text is not None:
            self._open(text)


def _check_term(text: str) -> str | None:
    return None if text.strip() else "words are needed"
