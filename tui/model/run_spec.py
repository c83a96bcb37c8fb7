"""A container to run, in the words of `docker run`'s options, and what is wrong with it."""

from collections.abc import Mapping

import msgspec

from tui.model.run_flags import FLAGS
from tui.model.run_network import Attachment, parse_network
from tui.model.run_options import InvalidOption, parse_restart

Options = Mapping[str, tuple[str, ...]]


class RunSpec(msgspec.Struct, frozen=True):
    """An image, the words of its command, and `options` by their long names (see FLAGS), each with its values.

    An option that is not given is not there. A switch that is on is `("true",)`; `init` alone may be `("false",)`.
    """

    image: str
    command: tuple[str, ...] = ()
    options: Options = {}

    def all(self, name: str) -> tuple[str, ...]:
        """Return the values of an option, none where it is not given. Raises KeyError for one that does not exist."""
        return self.options.get(FLAGS[name].name, ())

    def one(self, name: str) -> str:
        """Return the value of an option, an empty text where it is not given."""
        values = self.all(name)
        return values[-1] if values else ""

    def on(self, name: str) -> bool:
        """Return whether a switch is on."""
        return self.one(name) == "true"

    @property
    def networks(self) -> list[Attachment]:
        """The networks, the first one with what `--ip`, `--network-alias` and the like ask of it.

        Raises InvalidOption.
        """
        found = [parse_network(text) for text in self.all("network")]
        first = found[0] if found else Attachment("default")
        own = Attachment(
            first.name,
            first.aliases or self.all("network-alias"),
            first.ip or self.one("ip"),
            first.ip6 or self.one("ip6"),
            first.mac or self.one("mac-address"),
            first.link_local or self.all("link-local-ip"),
            first.driver_options,
            first.priority,
        )
        return [own, *found[1:]]

    def with_options(self, **changed: tuple[str, ...]) -> "RunSpec":
        """Return the same with other values for some options (`env_file` is `env-file`); no values take one away."""
        names = {name.replace("_", "-"): values for name, values in changed.items()}
        return run_spec(self.image, self.command, {**self.options, **names})


def run_spec(image: str, command: tuple[str, ...] = (), options: Options | None = None) -> RunSpec:
    """Return a spec without the options that have no values."""
    return RunSpec(image, command, {name: values for name, values in (options or {}).items() if values})


def check_run(spec: RunSpec) -> dict[str, str]:
    """Returns what is wrong, by the name of the option, `image` or `command`; empty where the daemon can be asked.

    The image is checked for its presence alone, since an ID stands for one as well as a reference.
    """
    problems: dict[str, str] = {}
    if not spec.image.strip():
        problems["image"] = "an image is missing"
    for name, values in spec.options.items():
        check = FLAGS[name].check
        wrong = next(filter(None, (check(value) for value in values)), None) if check else None
        if wrong:
            problems[name] = wrong
    for name, problem in conflicts(spec).items():
        problems.setdefault(name, problem)
    return problems


def conflicts(spec: RunSpec) -> dict[str, str]:
    """Returns which options exclude each other, by the name of one of them; those with bad values are left alone."""
    found = _network_conflicts(spec)
    try:
        restarts = parse_restart(spec.one("restart")).name != "no"
    except InvalidOption:
        restarts = False
    if spec.on("rm") and restarts:
        found["restart"] = "auto-remove (--rm) is on: a container that is removed when it exits cannot be restarted"
    health = [name for name in spec.options if name.startswith("health-")]
    if spec.on("no-healthcheck") and health:
        found[health[0]] = f"--no-healthcheck is on: --{health[0]} does nothing"
    if spec.on("detach") and spec.all("attach"):
        found["attach"] = "--detach is on: nothing is attached"
    if spec.one("log-driver") == "none" and spec.all("log-opt"):
        found["log-opt"] = "the log driver none takes no options"
    return found


def _network_conflicts(spec: RunSpec) -> dict[str, str]:
    try:
        networks = spec.networks
    except InvalidOption:
        return {}
    found: dict[str, str] = {}
    first, names = networks[0], [network.name for network in networks]
    if twice := next((name for name in names if names.count(name) > 1), None):
        found["network"] = f"the network {twice} is named twice"
    elif len(names) > 1 and (own := next((n.name for n in networks if not n.is_user_defined), None)):
        found["network"] = f"{own} is no network beside others: connect the container to it once it is there"
    if not first.is_user_defined:
        for name, text in (("network-alias", "aliases"), ("ip", "an address"), ("ip6", "an address")):
            if spec.all(name):
                found[name] = f"{text} needs a network of your own: {first.name} gives none"
    if first.container or first.name == "host":
        for name in ("publish", "publish-all") if first.container else ():
            if spec.all(name):
                found[name] = f"the ports are those of the container {first.container}"
        for name in ("hostname",) if first.container else ():
            if spec.all(name):
                found[name] = f"the name is that of the container {first.container}"
        if spec.one("mac-address"):
            found["mac-address"] = f"the network {first.name} has an address of its own"
    return found
