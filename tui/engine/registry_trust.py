"""How a registry is trusted: the system's certificates, docker's own for that registry, or none at all."""

from __future__ import annotations

import re
import ssl
from pathlib import Path
from typing import Final

from tui.engine.registry_words import RegistryError

CERTIFICATES: Final = Path("/etc/docker/certs.d")
"""Where the daemon looks, too: a folder for each registry, with *.crt, and *.cert with *.key of a client."""


def trusted(host: str, folder: Path | None = None) -> ssl.SSLContext:
    """Return what TLS is spoken with to a registry. Reads files: call it in a thread.

    Raises:
        RegistryError: a file there is not what it should be; it is named.
    """
    context = ssl.create_default_context()
    own = (folder or CERTIFICATES) / host
    try:
        files = sorted(own.iterdir()) if own.is_dir() else []
    except OSError as error:
        raise RegistryError(host, f"{own}: {error.strerror}") from error
    for path in files:
        try:
            if path.suffix == ".crt":
                context.load_verify_locations(path)
            elif path.suffix == ".cert":
                context.load_cert_chain(path, path.with_suffix(".key"), password=lambda: "")
        except (ssl.SSLError, OSError) as error:
            words = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
            raise RegistryError(host, f"{path}: {words}") from error
    return context


def without_check() -> ssl.SSLContext:
    """Return what TLS is spoken with to a registry whose certificate nobody has to trust (`insecure-registries`)."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def is_local(host: str) -> bool:
    """Whether a registry is on this machine by its address: docker wants no TLS of those."""
    name = host.rpartition(":")[0] if ":" in host.rpartition("]")[2] else host
    return name in ("localhost", "[::1]") or re.fullmatch(r"127(\.\d{1,3}){3}", name) is not None
