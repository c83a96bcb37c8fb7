"""Image references: parsed as the daemon parses them, shown as it shows them."""

import re
from typing import NamedTuple

from tui.demo.errors import ApiError

_TAG = re.compile(r"[\w][\w.-]{0,127}\Z", re.ASCII)
_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}\Z")
_COMPONENT = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*\Z")
_DOMAIN = re.compile(
    r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::\d+)?\Z"
)


class Reference(NamedTuple):
    """A parsed reference; `name` is the familiar one (no docker.io, no library/)."""

    name: str
    tag: str = ""
    digest: str = ""

    @property
    def tagged(self) -> str:
        """Return name:tag, `latest` where no tag was given."""
        return f"{self.name}:{self.tag or 'latest'}"

    @property
    def canonical(self) -> str:
        """Return the full repository name with its registry."""
        domain, path = split_domain(self.name)
        return f"{domain}/{path}"


def split_domain(name: str) -> tuple[str, str]:
    """Return (registry, path): `busybox` is (`docker.io`, `library/busybox`)."""
    first, slash, rest = name.partition("/")
    if not slash or ("." not in first and ":" not in first and first != "localhost" and first == first.lower()):
        domain, path = "docker.io", name
    else:
        domain, path = first, rest
    if domain == "index.docker.io":
        domain = "docker.io"
    if domain == "docker.io" and "/" not in path:
        path = "library/" + path
    return domain, path


def parse(text: str) -> Reference:
    """Return the parsed reference; raises ApiError 400 in the daemon's words."""
    rest, at, digest = text.partition("@")
    if at and not _DIGEST.match(digest):
        raise ApiError(400, "invalid reference format")
    name, tag = rest, ""
    last = rest.rsplit("/", 1)[-1]
    if ":" in last:
        name, _, tag = rest.rpartition(":")
        if not _TAG.match(tag):
            raise ApiError(400, "invalid reference format")
    if not name:
        raise ApiError(400, "invalid reference format")
    domain, path = split_domain(name)
    if path.lower() != path:
        raise ApiError(400, f"invalid reference format: repository name ({path}) must be lowercase")
    if not _DOMAIN.match(domain) or not all(_COMPONENT.match(part) for part in path.split("/")):
        raise ApiError(400, "invalid reference format")
    return Reference(familiar(domain, path), tag, digest)


def familiar(domain: str, path: str) -> str:
    """Return the short name that people write."""
    if domain != "docker.io":
        return f"{domain}/{path}"
    return path.removeprefix("library/")


def parse_target(repo: str, tag: str) -> Reference:
    """Return the reference that `repo` and `tag` of a request make; raises ApiError 400."""
    reference = parse(repo)
    if tag:
        if not _TAG.match(tag):
            raise ApiError(400, "invalid tag format")
        return Reference(reference.name, tag)
    return reference
