"""What a container is called that is kept aside while another one is in its place."""

import re
from typing import Final

_KEPT: Final = re.compile(r"(?P<name>.+)-before-\d{8}-\d{6}")


def kept_name(name: str, stamp: str) -> str:
    """Return what a container is called while it is kept aside; `stamp` is YYYYMMDD-HHMMSS."""
    return f"{name}-before-{stamp}"


def kept_for(name: str) -> str | None:
    """Return the name of the container that one with this name is kept aside for, or None."""
    found = _KEPT.fullmatch(name)
    return found["name"] if found else None
