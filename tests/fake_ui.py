"""What commands ask the user through, answered beforehand, with the questions written down."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from tui.commands.command import Option
from tui.commands.lending import Left, Lent
from tui.commands.session import Session


@dataclass
class FakeUi:
    """Answers what commands ask, and remembers the questions."""

    answer: bool = True
    many_hosts: bool = False
    hosts: Sequence[Session] = ()
    choice: str | None = None
    text: str | None = None
    texts: list[str] = field(default_factory=list[str])
    """What is typed at one prompt after the other, before `text`."""
    secrets: list[str] = field(default_factory=list[str])
    """The labels of the prompts that do not show what is typed."""
    asked: list[tuple[str, tuple[str, ...], str | None]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    opened: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    opened_on: list[Session | None] = field(default_factory=list)
    """The host of each screen that was opened."""
    went: list[tuple[str, str]] = field(default_factory=list)
    offered: dict[str, str] = field(default_factory=dict)
    """What the last choice was among: the label by the title."""
    shown: str = ""
    """What was said of the last text that was copied."""

    async def confirm(
        self, title: str, lines: Sequence[str], *, label: str, danger: bool = False, typed: str | None = None
    ) -> bool:
        self.asked.append((title, tuple(lines), typed))
        return self.answer

    async def choose(self, title: str, options: Sequence[Option]) -> str | None:
        self.offered = {title: label for _, label, title in options}
        return self.choice

    async def prompt(
        self, title: str, label: str, value: str, check: Callable[[str], str | None], *, secret: bool = False
    ) -> str | None:
        text = self.texts.pop(0) if self.texts else self.text
        assert text is None or check(text) is None
        self.secrets += [label] if secret else []
        return text

    async def wait_for(self, title: str, text: str, work: Coroutine[Any, Any, Any]) -> Any:
        return await work

    async def tell(self, title: str, text: str) -> None:
        self.told.append(f"{title}\n{text}")

    def note(self, text: str, severity: str = "information") -> None:
        self.notes.append((severity, text))

    def open(self, screen: str, *, session: Session | None, **arguments: Any) -> None:
        self.opened.append((screen, arguments))
        self.opened_on.append(session)

    def view(self, request: str) -> None:
        self.opened.append((request, {}))

    def check_terminal(self) -> None:
        pass

    async def lend(self, lent: Lent) -> Left:
        raise NotImplementedError("this test lends no terminal")

    async def let_ssh_ask(self) -> None:
        self.asked.append(("ssh", (), None))

    def go_to(self, noun: str, id: str, session: Session | None = None) -> bool:
        self.went.append((noun, id))
        return True

    def copy(self, text: str, shown: str | None = None) -> None:
        self.notes.append(("copied", text))
        self.shown = text if shown is None else shown
