"""The form that attaches a container to a network, with names and addresses of its own there."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from tui.commands.command import Option
from tui.commands.steps import take
from tui.engine.errors import EngineError
from tui.model.containers import Container
from tui.model.network_spec import check_alias, check_inside, connect_line
from tui.model.networks import Network
from tui.screens.exec_form import texts
from tui.screens.form_screen import FormScreen, Values
from widgets.fields import Field, ListField, TextField


class NetworkConnectScreen(FormScreen):
    """Connects a container, whether it runs or not."""

    submit_label = "Connect"
    more_hints = (("f6", "choose"),)
    own_keys = (*FormScreen.own_keys, ("f6", "choose the container from those that are not attached"))

    def __init__(self, network: Network) -> None:
        super().__init__()
        self._network = network

    def memory_key(self) -> Hashable:
        return ("connect", self._network.id)

    def subject(self) -> str:
        return f"connect a container to {self._network.name}"

    def defaults(self) -> Values:
        return {"container": "", "aliases": list[str](), "ipv4": "", "ipv6": ""}

    def make_fields(self, values: Values) -> Sequence[Field]:
        ascii_only = self.ascii
        return [
            TextField("Container", "container", str(values["container"]), "a name, or f6 to choose",
                      self._check_container, ascii=ascii_only),
            ListField("Aliases", "aliases", list(texts(values["aliases"])), "other names for it there", check_alias,
                      "one a line" if self._network.name != "bridge" else "the daemon's own bridge has no names",
                      ascii=ascii_only),
            TextField("IPv4 address", "ipv4", str(values["ipv4"]), "empty: the daemon chooses",
                      lambda text: check_inside(text, self._subnet(4), 4, what="an address of its own"),
                      self._subnet(4), ascii=ascii_only),
            TextField("IPv6 address", "ipv6", str(values["ipv6"]), "empty: the daemon chooses",
                      lambda text: check_inside(text, self._subnet(6), 6, what="an address of its own"),
                      self._subnet(6), ascii=ascii_only),
        ]  # fmt: skip

    def _subnet(self, version: int) -> str:
        """Return the network's range of that family, or an empty text."""
        six = version == 6
        return next((each.subnet for each in self._network.subnets if (":" in each.subnet) == six), "")

    def _others(self) -> list[Container]:
        containers = self.session.state.containers.values()
        return sorted(
            (each for each in containers if self._network.name not in dict(each.networks)), key=lambda each: each.name
        )

    def _check_container(self, text: str) -> str | None:
        name = text.strip()
        if not name:
            return "a container is needed: f6 offers them"
        known = [each for each in self.session.state.containers.values() if name in (each.name, each.id, each.short_id)]
        if not known:
            return "there is no container of this name"
        attached = self._network.name in dict(known[0].networks)
        return "it is attached already" if attached else None

    async def choices(self, field: str) -> Sequence[Option]:
        if field != "container":
            return ()
        return [(each.name, each.name, f"{each.image}, {each.state}") for each in self._others()]

    def _parts(self, values: Values) -> tuple[str, tuple[str, ...], str, str]:
        aliases = tuple(alias.strip() for alias in texts(values["aliases"]))
        return str(values["container"]).strip(), aliases, str(values["ipv4"]).strip(), str(values["ipv6"]).strip()

    def line_of(self, values: Values) -> str:
        container, aliases, ipv4, ipv6 = self._parts(values)
        return connect_line(self._network.name, container or "CONTAINER", aliases, ipv4, ipv6)

    async def send(self, values: Values) -> None:
        container, aliases, ipv4, ipv6 = self._parts(values)
        session, network, line = self.session, self._network, self.line_of(values)
        if session.guarded and not await self.confirm(f"{self.subject()} on {session.name}?", [line], label="Connect"):
            return
        session.set_busy(network.id, "connect")
        try:
            await take(
                session, line,
                lambda: session.engine.networks.connect(network.id, container, aliases=aliases, ipv4=ipv4, ipv6=ipv6),
            )  # fmt: skip
        except EngineError as error:
            self.refused(f"{error}\n{error.hint}" if error.hint else str(error), error_place(str(error)))
            return
        finally:
            session.set_busy(network.id, None)
        self.forget()
        await self.leave_for("network", network.id)
        self.note(f"$ {line}")


def error_place(message: str) -> str | None:
    """Return the field that a refusal is about, or None when the daemon's words tell of none."""
    lower = message.lower()
    if "address" in lower or "subnet" in lower:
        return "ipv6" if "ipv6" in lower else "ipv4"
    if "alias" in lower:
        return "aliases"
    return "container" if "container" in lower or "endpoint" in lower else None
