"""A range of time as people type it: `10m`, `09:00..09:30`, `2026-11-24 07:15..`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

NS = 1_000_000_000

_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d|w)(?:\s*ago)?$")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_MOMENT = re.compile(
    r"(?:(\d{4}-\d\d-\d\d)(?:[T ]|$))?(?:(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?(Z|[+-]\d\d:?\d\d)?$"
)

HELP = "10m, 2h..30m, 09:00..09:30, 2026-11-24 07:15.., ..07:20"


class RangeError(ValueError):
    """A text that is no range of time; says what is wrong."""


def parse_range(text: str, now: float, *, local: bool = False) -> tuple[int | None, int | None]:
    """Return since when and until when, in nanoseconds since the epoch; None for an open end.

    A moment is an age (`10m`), a time of the day that is the last such time before `now` (seconds since the epoch), or
    a date, with a time or without; in UTC unless it says otherwise, or in the local zone with `local`. One moment
    alone is since when.

    Raises:
        RangeError: it is none.
    """
    first, dots, last = text.strip().partition("..")
    since = _moment(first.strip(), now, local=local, end=False) if first.strip() else None
    until = _moment(last.strip(), now, local=local, end=True) if last.strip() else None
    if since is None and until is None and (dots or text.strip()):
        raise RangeError("neither a beginning nor an end")
    if since is not None and until is not None and since > until:
        raise RangeError("it ends before it begins")
    return since, until


def _moment(text: str, now: float, *, local: bool, end: bool) -> int:
    if text == "now":
        return int(now * NS)
    if (age := _AGE.match(text)) is not None:
        seconds = now - float(age[1]) * _UNITS[age[2]]
        if seconds < 0:
            raise RangeError(f"{text!r} is before the first moment that there is")
        return int(seconds * NS)
    match = _MOMENT.match(text)
    if match is None or not (match[1] or match[2]):
        raise RangeError(f"{text!r} is no moment: write {HELP}")
    day, hour, minute, second, fraction, zone = match.groups()
    try:
        here = datetime.fromtimestamp(now, UTC)
        here = here.astimezone() if local else here
        if zone:
            here = here.astimezone(datetime.fromisoformat(f"2000-01-01T00:00:00{zone.replace('Z', '+00:00')}").tzinfo)
        date = datetime.fromisoformat(day).date() if day else here.date()
        found = datetime(date.year, date.month, date.day, int(hour or 0), int(minute or 0), int(second or 0))
    except (ValueError, OverflowError) as error:
        raise RangeError(f"{text!r} is no moment: {error}") from error
    found = found.replace(tzinfo=None if local and not zone else here.tzinfo)
    if not day and found.timestamp() > now:
        found -= timedelta(days=1)
    # an end that names no seconds means up to the end of that minute, of that day, of that second
    whole = timedelta(days=1) if not hour else timedelta(minutes=1) if second is None else timedelta(seconds=1)
    nanos = int(found.timestamp()) * NS + int((fraction or "0").ljust(9, "0"))
    return nanos + (int(whole.total_seconds()) * NS - 1 if end and not fraction else 0)
