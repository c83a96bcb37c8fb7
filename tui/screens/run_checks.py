"""What is wrong with a field of the run form beside what its grammar says: with what is out there, and other fields."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import cast

from tui.engine.endpoint import Endpoint
from tui.engine.host_ports import Listener, listeners, with_program
from tui.model.containers import Container
from tui.model.reference import check_reference
from tui.model.run_flags import Check
from tui.model.run_network import OWN_NETWORKS, parse_link, parse_network
from tui.model.run_options import InvalidOption, check_port
from tui.model.run_spec import conflicts
from tui.present.run import address_holder, meets, port_holder, port_twice, wanted_ports
from tui.present.run_form import Value, check_of, spec_from
from tui.store.state import State


class RunChecks:
    """The checks of one form: `values` says what stands in it, `state` what is known of the host."""

    def __init__(self, values: Callable[[], Mapping[str, Value]], state: Callable[[], State]) -> None:
        self._values = values
        self._state = state
        self.listeners: Sequence[Listener] = ()
        self._conflicts: Mapping[str, str] = {}
        self._here: Mapping[str, Check] = {
            "name": self._name,
            "publish": self._port,
            "network": self._network,
            "ip": self._address,
            "link": self._link,
            "volumes-from": self._volumes_from,
            "ipc": self._shared,
            "pid": self._shared,
            "env-file": check_file,
            "label-file": check_file,
        }

    def of(self, name: str) -> Check:
        """Return the check of a field."""
        if name == "image":
            return check_image
        grammar, here = check_of(name), self._here.get(name)

        def check(text: str) -> str | None:
            problem = grammar(text) if grammar else None
            return here(text.strip()) if problem is None and here is not None and text.strip() else problem

        return check

    def _containers(self) -> Collection[Container]:
        return self._state().containers.values()

    # with other fields

    def find_conflicts(self) -> set[str]:
        """Find which fields exclude each other; return those of which something is, or was, to say."""
        before = set(self._conflicts)
        try:
            self._conflicts = conflicts(spec_from(self._values()))
        except ValueError:
            self._conflicts = {}
        return before | set(self._conflicts)

    def conflict(self, name: str) -> str | None:
        """Return what is wrong with a field beside the others."""
        return self._conflicts.get(name)

    def _lines(self, name: str) -> list[str]:
        return [line.strip() for line in cast("list[str]", self._values().get(name, []))]

    # with what is on the host

    def _name(self, name: str) -> str | None:
        holder = next((c for c in self._containers() if c.name == name.removeprefix("/")), None)
        return f"{name} is the name of a container from {holder.image}, {holder.state}" if holder else None

    def _port(self, text: str) -> str | None:
        network = next(iter(self._lines("network")), "")
        if network in ("host", "none"):
            return f"the network {network} publishes no ports"
        others = [line for line in self._lines("publish") if not check_port(line)]
        if (number := port_twice(text, others)) is not None:
            return f"the host's port {number} is asked for twice"
        if (held := port_holder(text, self._containers())) is not None:
            return f"the host's port {held[0]} is published by {held[1].name}"
        bound = next(iter(self.met([text], self.listeners)), None)
        return f"the host's port {bound.port} is taken by {bound.owner}" if bound is not None else None

    @staticmethod
    def met(lines: Sequence[str], bound: Sequence[Listener]) -> list[Listener]:
        """Return the bound ports that `-p` texts ask for."""
        wanted = [port for line in lines if not check_port(line) for port in wanted_ports(line)]
        return [one for one in bound if any(meets(port, one.protocol, one.port, one.ip) for port in wanted)]

    def read_listeners(self, endpoint: Endpoint, lines: Sequence[str]) -> list[Listener]:
        """Return the bound ports of the daemon's machine that the form asks for, with whose they are. Takes a while."""
        asked = any(wanted_ports(line) for line in lines if not check_port(line))
        return [with_program(one) for one in self.met(lines, listeners(endpoint))] if asked else []

    def _network(self, text: str) -> str | None:
        network = parse_network(text)
        if network.container:
            return self._container(network.container)
        if "networks" not in self._state().listed or not network.is_user_defined:
            return None
        networks = self._state().networks.values()
        if any(network.name in (known.name, known.id, known.id[:12]) for known in networks):
            return self._taken(network.name, network.ip) if network.ip else None
        return f"there is no network {network.name} here: docker network create {network.name} makes one"

    def network_hint(self, hint: str) -> str:
        """Return which networks there are besides the daemon's own, before a hint."""
        own = sorted(n.name for n in self._state().networks.values() if n.name not in OWN_NETWORKS)
        return f"{', '.join(own)}; {hint}" if own else hint

    def _address(self, text: str) -> str | None:
        with contextlib.suppress(InvalidOption):
            return next((self._taken(parse_network(line).name, text) for line in self._lines("network")), None)
        return None

    def _taken(self, network: str, address: str) -> str | None:
        holder = address_holder(network, address, self._containers())
        return f"{address} in {network} is the address of {holder.name}" if holder else None

    def _container(self, name: str) -> str | None:
        known = any(name == c.name or c.id.startswith(name) for c in self._containers())
        return None if known else f"there is no container {name} here"

    def _link(self, text: str) -> str | None:
        return self._container(parse_link(text)[0])

    def _volumes_from(self, text: str) -> str | None:
        return self._container(text.partition(":")[0])

    def _shared(self, text: str) -> str | None:
        return self._container(text.removeprefix("container:")) if text.startswith("container:") else None


def check_image(text: str) -> str | None:
    """Return what is wrong with the name or ID of an image, or None."""
    text = text.strip()
    if text and all(character in "0123456789abcdef" for character in text.removeprefix("sha256:")):
        return None
    return check_reference(text)


def check_file(text: str) -> str | None:
    """Return why a file of this machine cannot be read, or None."""
    try:
        with Path(text).open("rb"):
            return None
    except OSError as error:
        return f"{text}: {error.strerror}"
    except ValueError:
        return "not a path"
