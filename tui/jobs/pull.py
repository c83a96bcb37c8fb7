"""A pull that goes on whether or not a screen shows it: the layers as they come, and the daemon's words at the end."""

from __future__ import annotations

from contextlib import aclosing
from shlex import quote

from tui.engine.engine import Engine
from tui.jobs.transfer import TransferJob
from tui.model.reference import parse_reference


def pull_line(reference: str, platform: str = "") -> str:
    """Return the docker line of a pull. Raises InvalidReference for a text that is no reference."""
    option = f"--platform {quote(platform)} " if platform else ""
    return f"docker pull {option}{parse_reference(reference).tagged().familiar()}"


class PullJob(TransferJob):
    """Pulls one image, with the docker CLI's own login. Raises InvalidReference for a text that is no reference."""

    def __init__(self, engine: Engine, reference: str, *, platform: str = "") -> None:
        parsed = parse_reference(reference).tagged()
        super().__init__(f"pull {parsed.familiar()}", pull_line(reference, platform), parsed.domain)
        self._platform = platform
        self._engine = engine
        self._name = parsed.familiar_name
        self._tag = parsed.digest or parsed.tag or ""

    async def work(self) -> None:
        auth = await self.auth()
        steps = self._engine.transfers.pull(self._name, self._tag, platform=self._platform, auth=auth)
        async with aclosing(steps):
            async for step in steps:
                self.take(step)
        self.end_well()
