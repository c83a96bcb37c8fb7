"""A push that goes on whether or not a screen shows it: the layers as they go, and the digest that it was given."""

from __future__ import annotations

from contextlib import aclosing
from shlex import quote

from tui.engine.engine import Engine
from tui.jobs.transfer import TransferJob
from tui.model.reference import parse_reference


class PushJob(TransferJob):
    """Pushes one tag, with the docker CLI's own login. Raises InvalidReference for a text that is no reference."""

    def __init__(self, engine: Engine, reference: str) -> None:
        parsed = parse_reference(reference).tagged()
        super().__init__(f"push {parsed.familiar()}", f"docker push {quote(parsed.familiar())}", parsed.domain)
        self._engine = engine
        self._name = parsed.familiar_name
        self._tag = parsed.tag or ""
        self.digest = ""
        """What the registry calls it, once it is there."""

    async def work(self) -> None:
        auth = await self.auth()
        steps = self._engine.transfers.push(self._name, self._tag, auth=auth)
        async with aclosing(steps):
            async for step in steps:
                self.digest = step.digest or self.digest
                self.take(step)
        self.end_well()
