"""The commands on images."""

from __future__ import annotations

from collections.abc import Mapping
from shlex import quote

from tui.commands.command import Context
from tui.commands.running import Act, allowed, perform
from tui.commands.session import Session
from tui.engine.errors import Conflict
from tui.model.images import Image
from tui.model.reference import check_reference, parse_reference
from tui.present.units import plural, size

ALL = "all references"
"""Chosen where an image is to go with each of its references."""


def check_new_tag(text: str) -> str | None:
    """Return what is wrong with a reference that is to be given to an image, or None."""
    problem = check_reference(text)
    if problem is None and parse_reference(text).digest:
        return "a digest names the content itself and can't be given: write NAME:TAG"
    return problem


def described(image: Image, users: list[str]) -> str:
    """Return the image's references, its size, and the containers that use it."""
    names = ", ".join(image.tags) or f"<none> {image.short_id}"
    used = f", used by {', '.join(users[:5])}{' …' if len(users) > 5 else ''}" if users else ""
    return f"{names}  ({size(image.size)}{used})"


def users_of(context: Context, image: Image) -> list[str]:
    """Return the names of the containers that are made from the image."""
    return sorted(c.name for c in context.session.state.containers.values() if c.image_id == image.id)


async def run(context: Context) -> None:
    """Open the run form on the image."""
    context.ui.open("run", session=context.session, image=context.images[0].reference)


async def layers(context: Context) -> None:
    """Open the image's layers."""
    image = context.images[0]
    context.ui.open("layers", session=context.session, image=image.id, title=image.reference)


async def compare(context: Context) -> None:
    """Open two images side by side, the older one first."""
    first, second = sorted(context.images, key=lambda image: image.created)
    named = {"first": (first.id, first.reference), "second": (second.id, second.reference)}
    context.ui.open("compare", session=context.session, **named)


async def inspect(context: Context) -> None:
    """Show the inspect answer as a tree."""
    context.ui.view("inspect")


async def may_move(context: Context, wanted: Mapping[str, str]) -> bool:
    """Return whether references may go to the images with these IDs: where others have them, the user is asked."""
    state = context.session.state
    held = {
        name: image for image in state.images.values() for name in image.tags if wanted.get(name, image.id) != image.id
    }
    if not held:
        return True
    lines: list[str] = []
    for name, image in sorted(held.items()):
        lines += [f"{name} is now {described(image, users_of(context, image))}", "it would lose this reference"]
    title = f"Move {next(iter(held))}?" if len(held) == 1 else f"Move {len(held)} tags?"
    return await allowed(context, "always", title, lines, names=list(held), label="Move the tag", danger=True)


async def tag(context: Context) -> None:
    """Ask for one more reference and give it to the image; one that another image holds is asked about."""
    image = context.images[0]
    value = image.tags[0] if image.tags else ""
    text = await context.ui.prompt(f"Tag {image.reference}", "New reference", value, check_new_tag)
    if text is None:
        return
    reference = parse_reference(text)
    familiar = reference.tagged().familiar()
    if not await may_move(context, {familiar: image.id}):
        return
    repo, label = familiar.rsplit(":", 1)
    line = f"docker tag {quote(image.reference)} {quote(familiar)}"
    engine = context.session.engine
    await perform(
        context, "tag", [Act(image.id, image.reference, line, lambda: engine.images.tag(image.id, repo, label))]
    )


def dependants_of(context: Context, image: Image) -> list[str]:
    """Return the images that are made from it, as far as the daemon says so: its classic builder and commits do."""
    return sorted(other.reference for other in context.session.state.images.values() if other.parent == image.id)


def _told(context: Context, image: Image) -> list[str]:
    """Return what there is to know before an image is removed, a line each."""
    lines = [described(image, users_of(context, image))]
    if made := dependants_of(context, image):
        lines.append(f"  made from it: {', '.join(made[:5])}{' …' if len(made) > 5 else ''}")
    return lines


async def remove(context: Context) -> None:
    """Remove the images with all their references after asking; what the daemon refuses can be forced.

    Of one that has several references, one can be taken away alone.
    """
    targets = context.images
    if len(targets) == 1 and len(targets[0].tags) > 1:
        options = [(name, f"untag {name}", "the image stays") for name in targets[0].tags]
        every = f"remove the image with its {len(targets[0].tags)} tags"
        chosen = await context.ui.choose(f"Remove from {targets[0].short_id}", [*options, (ALL, every, "")])
        if chosen is None:
            return
        if chosen != ALL:
            await _untag(context, targets[0], chosen)
            return
    lines = [line for image in targets for line in _told(context, image)]
    title, names = f"Remove {plural(len(targets), 'image')}?", [image.reference for image in targets]
    if not await allowed(context, "always", title, lines, names=names, label="Remove", danger=True):
        return
    removals = {image.id: _Removal(context.session, image) for image in targets}
    failures = await perform(context, "remove", [each.act(force=False) for each in removals.values()])
    forcible = [f for f in failures if isinstance(f.error, Conflict) and "cannot be forced" not in str(f.error)]
    again = [removals[failure.act.key] for failure in forcible]
    title = f"Remove {plural(len(again), 'image')} by force?"
    lines = [f"{each.left[0]}: {failure.error}" for each, failure in zip(again, forcible, strict=True)]
    names = [each.image.reference for each in again]
    if again and await allowed(context, "always", title, lines, names=names, label="Remove by force", danger=True):
        await perform(context, "remove", [each.act(force=True) for each in again])


async def _untag(context: Context, image: Image, name: str) -> None:
    """Take one reference away; the image has others."""
    kept = ", ".join(tag for tag in image.tags if tag != name)
    lines = [f"{name}  ({image.short_id})", f"it keeps {kept}"]
    if await allowed(context, "always", f"Untag {name}?", lines, names=[name], label="Untag", danger=True):
        engine = context.session.engine
        act = Act(image.id, name, f"docker rmi {quote(name)}", lambda: engine.images.remove(name))
        await perform(context, "untag", [act])


class _Removal:
    """Takes an image's tags away in turn, as `docker rmi TAG TAG` does; the last one takes the image with it.

    `left` are those that are still to go: what was taken away before one was refused is not sent again.
    """

    def __init__(self, session: Session, image: Image) -> None:
        self.image = image
        self.left = list(image.tags) or [image.short_id]
        self._session = session

    def act(self, *, force: bool) -> Act:
        """Return the act that takes away what is left."""
        flag = "--force " if force else ""
        line = f"docker rmi {flag}{' '.join(map(quote, self.left))}"
        return Act(self.image.id, ", ".join(self.left), line, lambda: self._send(force=force))

    async def _send(self, *, force: bool) -> None:
        while self.left:
            await self._session.engine.images.remove(self.left[0] if self.image.tags else self.image.id, force=force)
            del self.left[0]


async def dangling(context: Context) -> None:
    """Show only the images that no tag names, or all again."""
    context.ui.view("dangling")


async def copy(context: Context) -> None:
    """Copy something of the image."""
    image = context.images[0]
    options = [(text, text, "reference") for text in image.tags] + [(image.id, image.id, "ID")]
    options += [(text, text, "digest") for text in image.digests]
    chosen = await context.ui.choose(f"Copy from {image.reference}", options)
    if chosen is not None:
        context.ui.copy(chosen)
