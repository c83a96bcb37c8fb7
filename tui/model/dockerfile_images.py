"""Which images, and whose registries, a build of a Dockerfile may fetch."""

from collections.abc import Mapping, Sequence
from typing import Final

from tui.model.dockerfile import Instruction, base_of, declared, given_name, origins_of, parse_dockerfile
from tui.model.dockerfile_words import expand
from tui.model.reference import DEFAULT_DOMAIN, check_reference, parse_reference

_PLATFORM_ARGUMENTS: Final = {
    f"{whose}{what}": "any" for whose in ("TARGET", "BUILD") for what in ("PLATFORM", "OS", "ARCH", "VARIANT")
}
"""What builders set by themselves: the values are not known here, but hardly a registry's name depends on them."""


def registries_of(dockerfile: str, arguments: Mapping[str, str]) -> set[str]:
    """Returns the registries that a build may fetch images from; Docker Hub's is the empty text."""
    names = _images(dockerfile, arguments, _PLATFORM_ARGUMENTS, bases_only=False).values()
    domains = {parse_reference(name).domain for name in names}
    return {"" if domain == DEFAULT_DOMAIN else domain for domain in domains}


def bases_of(dockerfile: str, arguments: Mapping[str, str]) -> dict[str, str]:
    """Returns the images that the stages start from, each by the name that the Dockerfile has for it.

    `arguments` are those of the build: they, and the defaults before the first FROM, may stand in the name of an image.
    """
    return _images(dockerfile, arguments, {}, bases_only=True)


def global_arguments(
    instructions: Sequence[Instruction], arguments: Mapping[str, str], predefined: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Returns the values that count in FROM: of the arguments declared before the first one, as given, else by default.

    `predefined` are the values that need no declaration.
    """
    known = dict(predefined or {})
    for instruction in instructions:
        if instruction.keyword == "FROM":
            break
        if instruction.keyword != "ARG":
            continue
        for name, default in declared(instruction):
            if name in arguments:
                known[name] = arguments[name]
            elif default is not None:
                known[name] = expand(default, known)
    return known


def _images(
    dockerfile: str, arguments: Mapping[str, str], predefined: Mapping[str, str], *, bases_only: bool
) -> dict[str, str]:
    instructions = parse_dockerfile(dockerfile)
    known = global_arguments(instructions, arguments, predefined)
    stages: set[str] = set()
    count = 0
    found: dict[str, str] = {}
    for instruction in instructions:
        names: dict[str, str] = {}
        given = ""
        if instruction.keyword == "FROM":
            base, given = base_of([instruction]), given_name([instruction])
            names = {base: expand(base, known)}
            count += 1
        elif not bases_only:
            names = {origin: origin for origin in origins_of(instruction) if origin not in map(str, range(count))}
        found |= {
            written: name
            for written, name in names.items()
            if name.lower() not in stages | {"scratch"} and not check_reference(name)
        }
        if given:
            stages.add(given)
    return found
