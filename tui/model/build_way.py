"""Which way a build goes: what the daemon can do, and what the build asks for, decide it."""

from typing import Literal

import msgspec

from tui.model.build_spec import Builder, BuildSpec

Kind = Literal["session", "control", "archive", "buildx", "classic"]
"""BuildKit with a session, which fetches the files it needs; the same through BuildKit's own API; BuildKit with the
whole context as an archive; the docker CLI's plugin; the classic builder with an archive."""

NAMED_CONTEXTS_SINCE = (1, 42)
"""The API of Engine 23, whose built-in Dockerfile frontend knows named contexts."""


class Abilities(msgspec.Struct, frozen=True):
    """What can be built with. `buildx` is the plugin's version, empty where it is not there.

    `session` is None while nobody has tried whether the daemon has one.
    """

    default: Builder
    podman: bool = False
    api: tuple[int, int] = (0, 0)
    session: bool | None = None
    buildx: str = ""


class Way(msgspec.Struct, frozen=True):
    """How a build goes, and why so, in words."""

    kind: Kind
    why: str


def needs_session(spec: BuildSpec) -> str:
    """Returns what of a build needs a session, in words; empty where nothing does."""
    wanted = (("secrets", spec.secrets), ("an ssh agent", spec.ssh), ("named contexts", spec.contexts))
    return ", ".join(name for name, given in wanted if given)


def way_of(spec: BuildSpec, able: Abilities) -> Way | str:
    """Returns the way that a build goes, or why it cannot be built like this."""
    needs = needs_session(spec)
    if able.podman:
        return f"Podman takes no {needs} over this API" if needs else Way("classic", _PODMAN)
    if spec.builder == "1":
        return f"the classic builder knows no {needs}: choose BuildKit" if needs else Way("classic", _CLASSIC)
    if spec.builder == "x":
        if not able.buildx:
            return "the docker CLI's buildx plugin is not on this machine"
        return Way("buildx", f"docker buildx {able.buildx}, with the builder that it has in use")
    if able.session is False:
        if not needs:
            return Way("archive", _ARCHIVE)
        if able.buildx:
            return Way(
                "buildx", f"the daemon gives no session, which {needs} need: docker buildx {able.buildx} instead"
            )
        return f"the daemon gives no session, which {needs} need, and there is no docker buildx to turn to"
    if spec.contexts and able.api < NAMED_CONTEXTS_SINCE:
        return "named contexts need Docker Engine 23 or newer"
    return Way("control", _CONTROL) if spec.contexts else Way("session", _SESSION)


_SESSION = "BuildKit, which fetches from here the files that it needs and has not got, secrets and logins"
_CONTROL = "BuildKit by its own API, which named contexts need"
_ARCHIVE = (
    "BuildKit; the daemon gives no session, so the whole context is sent, and bases that need a login must be local"
)
_CLASSIC = "one step after the other; the whole context is sent; fetches base images itself"
_PODMAN = "Podman builds with buildah, whichever builder is chosen"
