"""What a prune would remove, as rows of a table that is ticked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tui.model.clean_up import Doomed
from tui.present.columns import Cell, Column
from tui.present.disk import bytes_cell
from tui.present.units import ago, plural, size


def columns(now: Callable[[], float]) -> Sequence[Column[Doomed]]:
    """Return the table's columns; `now` is seconds since the epoch."""

    def when(moment: float | None) -> Cell:
        return (ago(now() - moment), "muted") if moment else ("", "muted")

    def last(each: Doomed) -> Cell:
        if each.users:
            return f"named by {', '.join(each.users[:3])}", "warn"
        return (each.last, "muted") if each.last else when(each.used)

    made: tuple[Column[Doomed], ...] = (
        Column("name", "NAME", 32, _name, lambda d: d.name.lower(), min_width=14, flex=3, priority=100),
        Column("kind", "KIND", 11, lambda d: (d.kind.replace("-", " "), "muted"), lambda d: d.kind, priority=80),
        Column("size", "FREES", 8, lambda d: bytes_cell(d.size), lambda d: -1 if d.size is None else d.size,
               align="right", priority=95),
        Column("last", "LAST USED", 22, last, lambda d: (d.used or 0.0, d.last), min_width=12, flex=1, priority=70),
        Column("created", "CREATED", 9, lambda d: when(d.created), lambda d: d.created or 0.0, align="right",
               priority=60),
    )  # fmt: skip
    return [column.then_by(lambda each: each.key) for column in made]


def _name(each: Doomed) -> Cell:
    more = f"  and {plural(len(each.tags) - 1, 'more tag')}" if len(each.tags) > 1 else ""
    untagged = "  no tag" if each.kind == "image" and not each.tags else ""
    return f"{each.name}{more}{untagged}", ""


def search_text(each: Doomed) -> str:
    """Return what the table's filter looks into."""
    return " ".join((each.kind, each.name, each.id, *each.tags, *each.users, each.last))


def described(each: Doomed) -> str:
    """Return the object in a line, for a question."""
    known = "size not told" if each.size is None else size(each.size)
    tags = f", tags {', '.join(each.tags)}" if len(each.tags) > 1 else ""
    users = f", named by {', '.join(each.users)}" if each.users else ""
    return f"{each.kind.replace('-', ' ')} {each.name}  ({known}{tags}{users})"


def freed_words(objects: Sequence[Doomed]) -> str:
    """Return how many bytes go at least: layers that several of the images share are counted for none of them."""
    known = sum(each.size or 0 for each in objects)
    unsure = any(each.kind == "image" or each.size is None for each in objects)
    return f"{'at least ' if unsure and known else ''}{size(known)}"
