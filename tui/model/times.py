"""The daemon's time stamps: RFC 3339 with nanoseconds, as Go writes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

_STAMP = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:?\d\d)?$")


def parse_time_ns(text: str | None) -> int | None:
    """Return nanoseconds since the epoch, or None for an empty, zero (year 1, Go's zero time) or unreadable stamp."""
    match = _STAMP.match(text) if text else None
    if match is None:
        return None
    day, clock, fraction, zone = match.groups()
    whole = _seconds(day, clock, zone)
    return None if whole is None else whole * 1_000_000_000 + int((fraction or "0").ljust(9, "0"))


@lru_cache(512)
def _seconds(day: str, clock: str, zone: str | None) -> int | None:
    """Whole seconds since the epoch; kept, for the samples of all containers come within the same few seconds."""
    if day.startswith("0001"):
        return None
    try:
        return int(datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=_zone(zone)).timestamp())
    except ValueError:
        return None


def parse_time(text: str | None) -> float | None:
    """Return seconds since the epoch, or None where `parse_time_ns` does."""
    stamp = parse_time_ns(text)
    return None if stamp is None else stamp / 1e9


def _zone(text: str | None) -> timezone:
    if text is None or text == "Z":
        return UTC
    sign = -1 if text[0] == "-" else 1
    digits = text[1:].replace(":", "")
    return timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))
