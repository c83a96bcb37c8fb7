"""What Dockerfile instructions do to an image's run configuration, in a build and in a commit."""

from tui.demo.dockerfile import pairs
from tui.demo.errors import ApiError
from tui.demo.jsonish import JsonMap, as_map, as_words

COMMIT_INSTRUCTIONS = (
    "CMD",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "HEALTHCHECK",
    "LABEL",
    "ONBUILD",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
)


def edit(config: JsonMap, name: str, value: str, words: list[str] | None) -> None:
    """Apply one instruction that makes no layer, in place; raises ApiError 400 for a bad port."""
    match name:
        case "CMD" | "ENTRYPOINT":
            shell = as_words(config.get("Shell")) or ["/bin/sh", "-c"]
            config["Cmd" if name == "CMD" else "Entrypoint"] = words if words is not None else [*shell, value]
            if name == "ENTRYPOINT":
                config["Cmd"] = None
        case "ENV":
            merged = variables_of(as_words(config.get("Env")))
            merged |= pairs(value)
            config["Env"] = [f"{key}={item}" for key, item in merged.items()]
        case "LABEL":
            config["Labels"] = {**as_map(config.get("Labels")), **pairs(value)}
        case "EXPOSE":
            config["ExposedPorts"] = {
                **as_map(config.get("ExposedPorts")),
                **{p: {} for word in value.split() for p in ports(word)},
            }
        case "VOLUME":
            config["Volumes"] = {**as_map(config.get("Volumes")), **{path: {} for path in words or value.split()}}
        case "WORKDIR":
            before = str(config.get("WorkingDir") or "/").rstrip("/")
            config["WorkingDir"] = value if value.startswith("/") else f"{before}/{value}"
        case "USER" | "STOPSIGNAL":
            config["User" if name == "USER" else "StopSignal"] = value
        case "SHELL":
            config["Shell"] = words
        case "ONBUILD":
            config["OnBuild"] = [*as_words(config.get("OnBuild")), value]
        case "HEALTHCHECK":
            config["Healthcheck"] = _check(value)
        case _:
            return


def variables_of(env: list[str]) -> dict[str, str]:
    """Return an environment as a map."""
    found: dict[str, str] = {}
    for item in env:
        name, _, value = item.partition("=")
        found[name] = value
    return found


def ports(text: str) -> list[str]:
    """Return the ports of a word of EXPOSE (`80`, `80/udp`, `80-90`), each with its protocol; raises ApiError 400."""
    numbers, _, protocol = text.partition("/")
    first, dash, last = numbers.partition("-")
    if dash and first.isdigit() and last.isdigit() and int(first) <= int(last) < 65536:
        return [f"{number}/{protocol or 'tcp'}" for number in range(int(first), int(last) + 1)]
    return [port(text)]


def port(text: str) -> str:
    """Return a port with its protocol; raises ApiError 400."""
    number, _, protocol = text.partition("/")
    if not number.isdigit() or not 0 < int(number) < 65536:
        raise ApiError(400, f"invalid containerPort: {text}")
    return f"{number}/{protocol or 'tcp'}"


def _check(value: str) -> JsonMap:
    kind, _, command = value.strip().partition(" ")
    if kind.upper() == "NONE":
        return {"Test": ["NONE"]}
    return {"Test": ["CMD-SHELL", command.strip()]}
