"""The form of a new network: driver, ranges of addresses checked as they are typed, options and labels."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from tui.commands.command import Option
from tui.commands.steps import take
from tui.engine.errors import EngineError
from tui.model.network_spec import (
    DRIVERS,
    NetworkSpec,
    check_inside,
    check_network_name,
    check_part,
    check_range,
    network_line,
    overlap_of,
)
from tui.model.run_options import check_label
from tui.model.volume_spec import check_option, pairs
from tui.present.secrets import looks_secret
from tui.screens.exec_form import texts
from tui.screens.form_screen import FormScreen, Values
from widgets.choice_fields import ToggleField
from widgets.fields import Check, Field, ListField, TextField

_KNOWN = (
    ("com.docker.network.bridge.enable_icc=false", "keep its containers apart"),
    ("com.docker.network.driver.mtu=1400", "the size of packets"),
    ("com.docker.network.bridge.name=br0", "the bridge's name on the machine"),
    ("parent=eth0", "of macvlan and ipvlan: the machine's interface"),
)
OPTIONS: Sequence[Option] = [(text, text, hint) for text, hint in _KNOWN]


class NetworkFormScreen(FormScreen):
    """Makes a network."""

    submit_label = "Create"
    more_hints = (("f6", "choose"),)
    own_keys = (*FormScreen.own_keys, ("f6", "choose from what there is"))

    def memory_key(self) -> Hashable:
        return "network"

    def subject(self) -> str:
        return "new network"

    def defaults(self) -> Values:
        return {
            "name": "", "driver": "bridge", "subnet": "", "gateway": "", "ip_range": "", "subnet6": "", "gateway6": "",
            "internal": False, "attachable": False, "ipv6": False, "options": list[str](), "labels": list[str](),
        }  # fmt: skip

    def make_fields(self, values: Values) -> Sequence[Field]:
        ascii_only = self.ascii

        def text(label: str, name: str, placeholder: str, check: Check | None) -> Field:
            return TextField(label, name, str(values[name]), placeholder, check, ascii=ascii_only)

        def toggle(label: str, name: str, caption: str) -> Field:
            return ToggleField(label, name, values[name] is True, caption, ascii=ascii_only)

        def several(label: str, name: str, check: Check) -> Field:
            return ListField(label, name, list(texts(values[name])), "KEY=VALUE", check, ascii=ascii_only)

        return [
            text("Name", "name", "", self._check_name),
            text("Driver", "driver", f"{', '.join(DRIVERS)}, or a plugin", _check_driver),
            text("Subnet", "subnet", "10.5.0.0/24; empty: the daemon takes one of its own", self._subnet_check(4)),
            text("Gateway", "gateway", "empty: the first address", None),
            text("Addresses from", "ip_range", "a part of the subnet, 10.5.0.128/25", None),
            toggle("Internal", "internal", "nothing outside is reached from it"),
            toggle("Attachable", "attachable", "of overlay: containers beside services"),
            toggle("IPv6", "ipv6", "addresses of IPv6 too"),
            text("IPv6 subnet", "subnet6", "fd00:5::/64", self._subnet_check(6)),
            text("IPv6 gateway", "gateway6", "empty: the first address", None),
            several("Options", "options", check_option),
            several("Labels", "labels", check_label),
        ]

    def on_mount(self) -> None:
        super().on_mount()

        def value(name: str) -> str:
            return str(self.form.field(name).value)

        beside: dict[str, Callable[[], str | None]] = {
            "gateway": lambda: check_inside(value("gateway"), value("subnet"), 4, what="a gateway"),
            "ip_range": lambda: check_part(value("ip_range"), value("subnet")),
            "gateway6": lambda: check_inside(value("gateway6"), value("subnet6"), 6, what="a gateway"),
        }
        for name, further in beside.items():
            self.form.field(name).further = further

    def values_changed(self) -> None:
        for name in ("gateway", "ip_range", "gateway6"):
            self.form.field(name).check_again()

    def form_renewed(self) -> None:
        self.values_changed()

    async def choices(self, field: str) -> Sequence[Option]:
        if field == "driver":
            return [(driver, driver, "") for driver in DRIVERS]
        return OPTIONS if field == "options" else ()

    def _check_name(self, text: str) -> str | None:
        taken = any(network.name == text.strip() for network in self.session.state.networks.values())
        return check_network_name(text) or ("there is a network of this name" if taken else None)

    def _subnet_check(self, version: int) -> Check:
        def check(text: str) -> str | None:
            return check_range(text, version) or overlap_of(text, version, self.session.state.networks.values())

        return check

    def _spec(self, values: Values) -> NetworkSpec:
        def text(name: str) -> str:
            return str(values[name]).strip()

        return NetworkSpec(
            text("name"), text("driver") or "bridge", text("subnet"), text("gateway"), text("ip_range"),
            text("subnet6"), text("gateway6"), values["internal"] is True, values["attachable"] is True,
            values["ipv6"] is True, texts(values["options"]), texts(values["labels"]),
        )  # fmt: skip

    def line_of(self, values: Values) -> str:
        return network_line(self._spec(values))

    def told_line(self, values: Values) -> str:
        return network_line(self._spec(values), looks_secret)

    async def send(self, values: Values) -> None:
        spec, session = self._spec(values), self.session
        line = self.told_line(values)
        try:
            made = await take(
                session, line,
                lambda: session.engine.networks.create(
                    spec.name, driver=spec.driver, subnets=spec.subnets, internal=spec.internal,
                    attachable=spec.attachable, ipv6=spec.takes_ipv6, labels=pairs(spec.labels),
                    options=pairs(spec.options),
                ),
            )  # fmt: skip
        except EngineError as error:
            self.refused(f"{error}\n{error.hint}" if error.hint else str(error), error_place(str(error)))
            return
        self.forget()
        await self.leave_for("network", made)
        self.note(f"$ {line}")


def _check_driver(text: str) -> str | None:
    return "a name, without blanks" if len(text.split()) > 1 else None


def error_place(message: str) -> str | None:
    """Return the field that a refusal is about, or None when the daemon's words tell of none."""
    lower = message.lower()
    for words, field in (
        (("overlap", "subnet", "cidr", "pool"), "subnet"),
        (("gateway",), "gateway"),
        (("plugin", "swarm"), "driver"),
        (("already exists", "invalid name"), "name"),
        (("option",), "options"),
    ):
        if any(word in lower for word in words):
            return field
    return None
