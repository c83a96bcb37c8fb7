"""Numbers in words: bytes, rates, percentages, ages."""

from __future__ import annotations

from datetime import UTC, datetime


def size(count: float) -> str:
    """Return bytes in decimal units, as the docker CLI shows image sizes: 1.98MB."""
    return _scaled(count, 1000, ("B", "kB", "MB", "GB", "TB", "PB"))


def memory(count: float) -> str:
    """Return bytes in binary units, as the docker CLI shows memory: 1.9MiB."""
    return _scaled(count, 1024, ("B", "KiB", "MiB", "GiB", "TiB", "PiB"))


def rate(count: float) -> str:
    """Return bytes a second in decimal units."""
    return f"{size(count)}/s"


def percent(value: float) -> str:
    """Return a percentage with as many digits as a narrow column bears."""
    return f"{value:.0f}%" if value >= 100 else f"{value:.1f}%"


def span(seconds: float) -> str:
    """Return a length of time in its largest unit: 45s, 7m, 3h, 2d, 5w, 4y."""
    count = max(0, int(seconds))
    for unit, length in (("y", 31_536_000), ("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60)):
        if count >= length * (2 if unit == "w" else 1):
            return f"{count // length}{unit}"
    return f"{count}s"


def duration(seconds: float) -> str:
    """Return how long something took: 0.4s, 12.3s, 2m05s, 1h02m."""
    if seconds < 60:
        return f"{max(0.0, seconds):.1f}s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes}m{rest:02d}s"
    return f"{minutes // 60}h{minutes % 60:02d}m"


def round_trip(seconds: float, micro: str = "µs") -> str:
    """Return the time of a round trip: 740µs, 3.1ms, 120ms, 1.4s."""
    if seconds < 0.001:
        return f"{max(0.0, seconds) * 1e6:.0f}{micro}"
    if seconds < 1:
        return f"{seconds * 1e3:.3g}ms"
    return f"{seconds:.1f}s"


def ago(seconds: float) -> str:
    """Return an age: "3m ago", or "now" below one second (and for a clock that is behind)."""
    return "now" if seconds < 1 else f"{span(seconds)} ago"


def stamp(moment: float) -> str:
    """Return a moment (seconds since the epoch) as UTC, to the second."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def plural(count: int, noun: str) -> str:
    """Return "1 container", "2 containers", "2 entries", "2 patches"."""
    if count == 1:
        return f"{count} {noun}"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{count} {noun[:-1]}ies"
    return f"{count} {noun}{'es' if noun.endswith(('s', 'x', 'z', 'ch', 'sh')) else 's'}"


def _scaled(count: float, step: int, units: tuple[str, ...]) -> str:
    value = float(max(0, count))
    for unit in units[:-1]:
        if value < step - 0.5:
            return f"{value:.0f}{unit}" if unit == units[0] or value >= 100 else f"{value:.3g}{unit}"
        value /= step
    return f"{value:.3g}{units[-1]}"
