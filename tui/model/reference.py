"""Image references and container names by Docker's own grammar, with errors that name what is wrong."""

import re
from typing import Final

import msgspec

DEFAULT_DOMAIN: Final = "docker.io"
DEFAULT_TAG: Final = "latest"
MAX_PATH: Final = 255
MAX_TAG: Final = 128

_LEGACY_DOMAIN: Final = "index.docker.io"
_HUB_HOSTS: Final = frozenset({DEFAULT_DOMAIN, _LEGACY_DOMAIN, "registry-1.docker.io", "hub.docker.com"})
_OFFICIAL: Final = "library"
_IMAGE_ID: Final = re.compile(r"[a-f0-9]{64}")
_HOST_LABEL: Final = re.compile(r"[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]")
_IPV6_HOST: Final = re.compile(r"\[[a-fA-F0-9:]+\]")
_COMPONENT: Final = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_COMPONENT_CHARACTER: Final = re.compile(r"[a-z0-9._-]")
_TAG_CHARACTER: Final = re.compile(r"[A-Za-z0-9_.-]")
_DIGEST: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}")
_DIGEST_LENGTHS: Final = {"sha256": 64, "sha384": 96, "sha512": 128}
_CONTAINER_NAME: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")


class InvalidReference(ValueError):
    """A text that is no image reference; the message says which part is wrong and why."""


class Reference(msgspec.Struct, frozen=True):
    """A normalized image reference: `domain` and `path` are always there, `tag` and `digest` where they were written.

    Grammar: github.com/distribution/reference.
    """

    domain: str
    path: str
    tag: str | None = None
    digest: str | None = None

    @property
    def name(self) -> str:
        """The repository with its registry: `docker.io/library/busybox`."""
        return f"{self.domain}/{self.path}"

    @property
    def familiar_name(self) -> str:
        """The repository as people write it: `busybox`."""
        if self.domain != DEFAULT_DOMAIN:
            return self.name
        head, _, rest = self.path.partition("/")
        return rest if head == _OFFICIAL and rest and "/" not in rest else self.path

    def familiar(self) -> str:
        """The whole reference as people write it: `busybox:latest`."""
        return self.familiar_name + self._suffix()

    def tagged(self) -> "Reference":
        """The same with the tag `latest` where neither a tag nor a digest was written."""
        if self.tag or self.digest:
            return self
        return Reference(self.domain, self.path, DEFAULT_TAG)

    def __str__(self) -> str:
        return self.name + self._suffix()

    def _suffix(self) -> str:
        return (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")


def parse_reference(text: str) -> Reference:
    """Returns the normalized reference of what a person wrote (`busybox` is `docker.io/library/busybox`).

    Raises InvalidReference.
    """
    if not text:
        raise InvalidReference("an image name is missing")
    if bad := re.search(r"\s|[^\x21-\x7e]", text):
        raise InvalidReference(f"{bad[0]!r} cannot be part of an image name")
    if _IMAGE_ID.fullmatch(text):
        raise InvalidReference("64 hexadecimal digits are an image ID, not a name")
    rest, at, digest = text.partition("@")
    if at:
        _check_digest(digest)
    domain, remainder = _split_domain(rest)
    path, colon, tag = remainder.partition(":")
    if not path:
        raise InvalidReference(f"the repository name is missing in {text!r}")
    if colon:
        _check_tag(tag)
    if domain == DEFAULT_DOMAIN and "/" not in path:
        path = f"{_OFFICIAL}/{path}"
    _check_path(path)
    return Reference(domain, path, tag or None, digest or None)


def check_reference(text: str, *, tag_required: bool = False) -> str | None:
    """Returns what is wrong with a reference, or None; `tag_required` where a name alone is not enough."""
    try:
        reference = parse_reference(text)
    except InvalidReference as error:
        return str(error)
    if tag_required and reference.tag is None:
        return f"a tag is missing: write {reference.familiar_name}:{DEFAULT_TAG}"
    return None


def registry_host(text: str) -> str:
    """Returns the host (and port) of a registry that a person wrote, `docker.io` for each name of Docker Hub."""
    host = text.strip().partition("://")[2] or text.strip()
    host = host.partition("/")[0]
    return DEFAULT_DOMAIN if host in _HUB_HOSTS else host


def check_registry(text: str) -> str | None:
    """Returns what is wrong with the address of a registry, or None."""
    host = registry_host(text)
    if not text.strip():
        return "a registry is missing: HOST or HOST:PORT"
    try:
        _check_domain(host)
    except InvalidReference as error:
        return str(error)
    if not re.search(r"[.:]", host) and host != "localhost" and host.lower() == host:
        return f"docker takes {host!r} for a part of a name: write {host}:PORT or its full host name"
    return None


def is_image_id(text: str) -> bool:
    """Returns whether a text is rather an image's ID, or the beginning of one, than a name."""
    return re.fullmatch(r"(?:sha256:)?[0-9a-f]{12,64}", text) is not None


def check_container_name(text: str) -> str | None:
    """Returns what is wrong with a container's name, or None."""
    return check_resource_name(text.removeprefix("/"), "container")


def check_resource_name(text: str, kind: str) -> str | None:
    """Returns what is wrong with the name of a container or a volume (`kind` is the word for it), or None."""
    if not text:
        return f"a {kind} name is missing"
    if _CONTAINER_NAME.fullmatch(text):
        return None
    if len(text) == 1 and re.fullmatch(r"[a-zA-Z0-9]", text):
        return f"a {kind} name has at least two characters"
    if not re.match(r"[a-zA-Z0-9]", text):
        return f"a {kind} name starts with a letter or a digit, not {text[0]!r}"
    bad = next(character for character in text if not _TAG_CHARACTER.fullmatch(character))
    return f"{bad!r} cannot be part of a {kind} name: letters, digits, _ . and - can"


def _split_domain(text: str) -> tuple[str, str]:
    """Splits what stands before the first slash off where it is a registry and not a part of the path."""
    head, slash, rest = text.partition("/")
    if not slash or not (re.search(r"[.:]", head) or head == "localhost" or head.lower() != head):
        return DEFAULT_DOMAIN, text
    _check_domain(head)
    return DEFAULT_DOMAIN if head == _LEGACY_DOMAIN else head, rest


def _check_domain(domain: str) -> None:
    ipv6 = _IPV6_HOST.match(domain)
    host = ipv6[0] if ipv6 else domain.partition(":")[0]
    port = domain[len(host) :]
    if port and not re.fullmatch(r":[0-9]+", port):
        raise InvalidReference(f"the registry's port {port[1:]!r} is not a number")
    if not ipv6 and not all(_HOST_LABEL.fullmatch(label) for label in host.split(".")):
        raise InvalidReference(f"{host!r} is not a registry's host name")


def _check_path(path: str) -> None:
    if path != path.lower():
        raise InvalidReference(f"the repository name must be lower case: {path.lower()!r}")
    if len(path) > MAX_PATH:
        raise InvalidReference(f"the repository name has {len(path)} characters, {MAX_PATH} are allowed")
    for component in path.split("/"):
        if _COMPONENT.fullmatch(component):
            continue
        if not component:
            raise InvalidReference(f"the repository name {path!r} has an empty part between its slashes")
        for character in component:
            if not _COMPONENT_CHARACTER.fullmatch(character):
                raise InvalidReference(f"{character!r} cannot be part of a repository name: a-z 0-9 . _ - and / can")
        raise InvalidReference(
            f"{component!r}: a part of a repository name starts and ends with a letter or a digit, "
            "and holds single dots, one or two underscores or dashes between them"
        )


def _check_tag(tag: str) -> None:
    if not tag:
        raise InvalidReference("the tag after ':' is empty")
    if len(tag) > MAX_TAG:
        raise InvalidReference(f"the tag has {len(tag)} characters, {MAX_TAG} are allowed")
    for character in tag:
        if not _TAG_CHARACTER.fullmatch(character):
            raise InvalidReference(f"{character!r} cannot be part of a tag: letters, digits, _ . and - can")
    if tag[0] in ".-":
        raise InvalidReference(f"a tag starts with a letter, a digit or _, not {tag[0]!r}")


def _check_digest(digest: str) -> None:
    algorithm, _, encoded = digest.partition(":")
    if not digest:
        raise InvalidReference("the digest after '@' is empty")
    if not _DIGEST.fullmatch(digest):
        raise InvalidReference(f"{digest!r} is not a digest: write sha256: and 64 hexadecimal digits")
    length = _DIGEST_LENGTHS.get(algorithm)
    if length is None:
        raise InvalidReference(f"the digest algorithm {algorithm!r} is unknown: sha256, sha384 and sha512 are known")
    if len(encoded) != length or encoded != encoded.lower():
        raise InvalidReference(f"a {algorithm} digest has {length} lower-case hexadecimal digits, not {len(encoded)}")
