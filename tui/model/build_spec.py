"""What a build is asked for: the checks of its parts, what its Dockerfile offers, the equal command line."""

import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Final, Literal

import msgspec

from tui.model.build_sources import is_remote, remote_title, without_login
from tui.model.dockerfile import declared, given_name, parse_dockerfile
from tui.model.dockerfile_words import expand
from tui.model.reference import check_reference, parse_reference

Builder = Literal["1", "2", "x"]
"""The API's words for the classic builder and for BuildKit; `x` is the docker CLI's buildx plugin."""

_PLATFORM: Final = re.compile(r"[a-z0-9]+(?:/[a-z0-9_]+){1,2}(?:,[a-z0-9]+(?:/[a-z0-9_]+){1,2})*")
_ARG_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
MASK: Final = "***"


class BuildSpec(msgspec.Struct, frozen=True):
    """One build as it is asked for.

    `folder` is the context: a folder's absolute path, or a URL that the daemon fetches; `dockerfile` counts from it.
    `secrets`, `ssh` and `contexts` are written as tui.model.build_sources reads them.
    """

    folder: str
    dockerfile: str = "Dockerfile"
    tag: str = ""
    target: str = ""
    args: tuple[str, ...] = ()
    no_cache: bool = False
    pull: bool = False
    builder: Builder = "2"
    secrets: tuple[str, ...] = ()
    ssh: tuple[str, ...] = ()
    contexts: tuple[str, ...] = ()
    platform: str = ""

    @property
    def is_remote(self) -> bool:
        """Whether the daemon fetches the context."""
        return is_remote(self.folder)

    @property
    def tags(self) -> list[str]:
        """The names that the image is to get."""
        return [self.tag] if self.tag else []

    @property
    def arguments(self) -> dict[str, str]:
        """The build arguments by name."""
        return dict(split_argument(text) for text in self.args)

    @property
    def title(self) -> str:
        """What the build is called: its tag, or its folder where it has none."""
        place = remote_title(self.folder) if self.is_remote else PurePosixPath(self.folder).name
        return self.tag or place or self.folder


class Offer(msgspec.Struct, frozen=True):
    """What a Dockerfile lets one choose: its stages by name (or number), and its arguments with their defaults."""

    stages: tuple[str, ...] = ()
    arguments: Mapping[str, str] = {}


def offer_of(dockerfile: str) -> Offer:
    """Returns what the text of a Dockerfile offers. It judges no syntax."""
    stages: list[str] = []
    arguments: dict[str, str] = {}
    for instruction in parse_dockerfile(dockerfile):
        if instruction.keyword == "FROM":
            stages.append(given_name([instruction]) or str(len(stages)))
        elif instruction.keyword == "ARG":
            defaults = {name: expand(default or "", {}, keep=True) for name, default in declared(instruction)}
            arguments |= {name: default for name, default in defaults.items() if not arguments.get(name)}
    return Offer(tuple(stages), arguments)


def split_argument(text: str) -> tuple[str, str]:
    """Returns the name and the value of `KEY=VALUE`."""
    name, _, value = text.partition("=")
    return name.strip(), value


def check_argument(text: str) -> str | None:
    """Returns what is wrong with a build argument, or None."""
    name, equals, _ = text.partition("=")
    if not equals:
        return "write KEY=VALUE"
    if not name.strip():
        return "a name is missing before the ="
    if not _ARG_NAME.fullmatch(name.strip()):
        return f"{name.strip()!r} is no argument's name: letters, digits, _ . and -, beginning with a letter or _"
    return None


def check_tag(text: str) -> str | None:
    """Returns what is wrong with the name an image is to get, or None; it may have none."""
    if not text:
        return None
    problem = check_reference(text)
    if problem is None and parse_reference(text).digest:
        return "a digest names the content itself and can't be given: write NAME:TAG"
    return problem


def check_target(text: str, offer: Offer) -> str | None:
    """Returns what is wrong with a target stage, or None; a Dockerfile that was not read refuses nothing."""
    if not text or not offer.stages or text.lower() in offer.stages:
        return None
    if text.isdecimal() and len(text) < 5 and int(text) < len(offer.stages):
        return None
    return f"the Dockerfile has no stage {text!r}; there are: {', '.join(offer.stages)}"


def docker_line(spec: BuildSpec, default: Builder | None = None, *, hide: Callable[[str], bool] | None = None) -> str:
    """Returns the equal `docker build` line, quoted for a shell; `hide` tells the arguments whose value is masked.

    The builder is named where it is not the `default`, the one that the daemon tells the CLI to use.
    """
    masked = hide if hide is not None else _none
    if spec.builder == "x":
        words = ["docker", "buildx", "build", "--load"]
    else:
        words = [] if spec.builder == default else [f"DOCKER_BUILDKIT={int(spec.builder == '2')}"]
        words += ["docker", "build"]
    for flag, value in (("--tag", spec.tag), ("--file", _dockerfile_of(spec)), ("--target", spec.target)):
        words += [flag, value] if value else []
    words += ["--platform", spec.platform] if spec.platform else []
    for name, value in spec.arguments.items():
        words += ["--build-arg", f"{name}={MASK if masked(name) else value}"]
    for flag, values in (("--secret", spec.secrets), ("--ssh", spec.ssh), ("--build-context", spec.contexts)):
        words += [word for value in values for word in (flag, without_login(value))]
    words += [flag for flag, on in (("--no-cache", spec.no_cache), ("--pull", spec.pull)) if on]
    if spec.builder == "1":
        words.append("--force-rm")
    return shlex.join([*words, without_login(spec.folder)])


def _dockerfile_of(spec: BuildSpec) -> str:
    if spec.dockerfile == "Dockerfile" or spec.is_remote:
        return "" if spec.dockerfile == "Dockerfile" else spec.dockerfile
    return str(PurePosixPath(spec.folder) / spec.dockerfile)


def _none(_name: str) -> bool:
    return False


def check_platform(text: str) -> str | None:
    """Returns what is wrong with a platform, or None; it may be none."""
    if not text or _PLATFORM.fullmatch(text):
        return None
    return "write OS/ARCHITECTURE, such as linux/arm64 or linux/arm/v7"
