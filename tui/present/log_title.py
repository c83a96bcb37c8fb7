"""The lines above and below a log: whose it is, how its reading stands, what is filtered and searched for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tui.model.containers import Container
from tui.present.glyphs import container_mark
from tui.present.logs import held_text
from tui.present.units import plural

Span = tuple[str, str]

MOST_NAMED = 4


@dataclass(frozen=True, slots=True)
class Reading:
    """What there is to say. `hit` counts from 1; `shown` is None without a filter.

    `none` is what to say where there are no tasks; it is empty for containers, and as long as tasks are looked for.
    """

    containers: Sequence[Container]
    phases: Sequence[str]
    problems: Sequence[str]
    title: str = ""
    none: str = ""
    following: bool = True
    held: int = 0
    held_bytes: int = 0
    busy: str = ""
    filters: Sequence[str] = ()
    shown: int | None = None
    looked_through: bool = True
    search: str = ""
    hit: int = 0
    hits: int = 0
    searched: bool = True
    times: str = "off"
    wrapped: bool = False


def log_title(facts: Reading, ascii_only: bool) -> tuple[list[Span], list[Span]]:
    """Return the line above a log, left and right."""
    left: list[Span] = [(" logs ", "head")]
    if len(facts.containers) == 1:
        container = facts.containers[0]
        mark = container_mark(container)
        left += [
            (container.name[:60], "bold"),
            (f"  {mark.text(ascii_only)}", mark.tone),
            (f"  {container.image}", "dim"),
        ]
    else:
        names = ", ".join(container.name for container in facts.containers[:MOST_NAMED])
        more = f" and {len(facts.containers) - MOST_NAMED} more" if len(facts.containers) > MOST_NAMED else ""
        left += [(facts.title or plural(len(facts.containers), "container"), "bold"), (f"  {names}{more}", "dim")]
    return left, [(f"{word} ", tone) for word, tone in [_stand(facts)]]


def _stand(facts: Reading) -> Span:
    """How the following stands, in a word."""
    wrong = [phase for phase in facts.phases if phase in ("failed", "lost", "gone")]
    if wrong:
        words = {"failed": "can't be read", "lost": "lost, trying again", "gone": "gone"}
        several = f"{len(wrong)} of {len(facts.phases)} " if len(facts.phases) > 1 else ""
        return f"{several}{words[wrong[0]]}", "bad"
    if not facts.phases and facts.none:
        return facts.none, "dim"
    if not facts.phases or any(phase in ("waiting", "reading") for phase in facts.phases):
        return "reading …", "busy"
    if not facts.following:
        return "not following: G follows", "warn"
    # a task that is yet to be started has no lines, and one more will have
    to_come = bool(facts.none) and any(container.state == "created" for container in facts.containers)
    if all(phase == "ended" for phase in facts.phases) and not to_come:
        return "ended", "dim"
    return "following", "good"


def log_line(facts: Reading, ascii_only: bool) -> tuple[list[Span], list[Span]]:
    """Return the line below a log, left and right."""
    left: list[Span] = [(" ", "")]
    if facts.shown is None:
        left.append((held_text(facts.held, facts.held_bytes), "dim"))
    else:
        more = "" if facts.looked_through else "+"
        left.append((f"{facts.shown:,}{more} of {facts.held:,} lines: {'; '.join(facts.filters)}", "warn"))
    if facts.search:
        some = "" if facts.searched else "+"
        found = f"{facts.hit or '-'} of {facts.hits:,}{some}" if facts.hits else "no hit" if facts.searched else "…"
        left.append((f"  /{facts.search}  {found}", "accent"))
    if facts.busy:
        left.append((f"  {facts.busy}", "busy"))
    right = [word for word in (facts.times if facts.times != "off" else "", "wrap" if facts.wrapped else "") if word]
    return left, [(f"{', '.join(right)} ", "dim")] if right else []
