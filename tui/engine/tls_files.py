"""The TLS files that a user names for a context: read, and checked for being what they are named as."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tui.engine.errors import ContextError
from tui.engine.safe_files import read_regular
from tui.model.context_spec import ContextSpec, needs_no_tls

TLS_NAMES: Final[Mapping[str, str]] = {"ca": "ca.pem", "cert": "cert.pem", "key": "key.pem"}
"""The names of TLS files in docker's context store, by the fields of a ContextSpec."""

MOST_BYTES = 1_000_000
_WORDS: Final = {"cert": "client certificate", "key": "private key"}


def read_material(spec: ContextSpec) -> dict[str, bytes]:
    """Return the content of the TLS files that a spec names, by their names in the store.

    Raises:
        ContextError: naming the field, when a file can't be read, is not what it should be, or lacks its fellow.
    """
    paths = {field: Path(text) for field in TLS_NAMES if (text := str(getattr(spec, field)))}
    if paths and needs_no_tls(spec.host):
        scheme = spec.host.partition("://")[0]
        raise ContextError(f"TLS files are for tcp://, and {scheme}:// has no use for them", field=next(iter(paths)))
    for one, other in (("cert", "key"), ("key", "cert")):
        if one in paths and other not in paths:
            raise ContextError(f"the {_WORDS[one]} needs the {_WORDS[other]} that belongs to it", field=other)
    data = {field: _read(field, path) for field, path in paths.items()}
    for field in ("ca", "cert"):
        if field in data and (wrong := _certificate_problem(data[field])):
            raise ContextError(f"{paths[field]}: {wrong}", field=field)
    if "key" in data and (wrong := _key_problem(data["key"], paths["cert"], paths["key"])):
        raise ContextError(f"{paths['key']}: {wrong}", field="key")
    return {TLS_NAMES[field]: content for field, content in data.items()}


def _read(field: str, path: Path) -> bytes:
    try:
        return read_regular(path, MOST_BYTES)
    except (OSError, ValueError) as error:  # ValueError: a NUL in it
        raise ContextError(f"{path}: {getattr(error, 'strerror', None) or error}", field=field) from None


def _certificate_problem(data: bytes) -> str | None:
    if b"-----BEGIN CERTIFICATE-----" not in data:
        hint = ": it holds a private key" if b"PRIVATE KEY-----" in data else " (it must be PEM)"
        return f"no certificate is in it{hint}"
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=data.decode("ascii", "ignore"))
    except (ssl.SSLError, ValueError) as error:
        return f"no certificate that can be read: {_reason(error)}"
    return None


def _key_problem(data: bytes, cert: Path, key: Path) -> str | None:
    if b"PRIVATE KEY-----" not in data:
        return "no private key is in it (it must be PEM)"
    if b"ENCRYPTED" in data:
        return "the key is locked by a passphrase, which docker can't be told: openssl pkey -in OLD -out NEW unlocks it"
    try:
        # never a question on the terminal, whatever is in the file
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(cert, key, password=lambda: "")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            return "it is not the key of this certificate"
        return f"no key that can be read: {_reason(error)}"
    except OSError as error:
        return error.strerror or str(error)
    return None


def _reason(error: Exception) -> str:
    return (getattr(error, "reason", None) or str(error)).lower().replace("_", " ")
