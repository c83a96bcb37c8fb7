"""The pull form: a reference, and a platform where it is not to be the daemon's own."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Hashable, Sequence

from tui.commands.command import Option
from tui.commands.job_history import start_job
from tui.commands.transfers import login_words
from tui.engine.errors import EngineError
from tui.jobs.pull import PullJob, pull_line
from tui.model.reference import check_reference, parse_reference
from tui.screens.form_screen import FormScreen, Values
from widgets.fields import Field, TextField

PLATFORMS = ("linux/amd64", "linux/arm64", "linux/arm/v7", "linux/arm/v6", "linux/386", "linux/ppc64le", "linux/s390x",
             "linux/riscv64", "windows/amd64")  # fmt: skip
TYPING_SECONDS = 0.3
"""How long a registry stands there before its login is looked up: its name may go on."""
_PLATFORM = re.compile(r"[a-z0-9_.-]+(/[a-z0-9_.-]+){0,2}")


def check_platform(text: str) -> str | None:
    """Return what is wrong with a platform, or None."""
    if not text.strip() or _PLATFORM.fullmatch(text.strip()):
        return None
    return "write OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT, such as linux/arm64"


class PullScreen(FormScreen):
    """Pulls an image in a job, which it then shows."""

    own_keys = (*FormScreen.own_keys, ("f6", "choose a platform"))
    submit_label = "Pull"
    more_hints = (("f6", "choose"),)

    def __init__(self, reference: str = "") -> None:
        super().__init__()
        self._reference = reference
        self._logins: dict[str, str] = {}

    def memory_key(self) -> Hashable:
        return ("pull", self._reference)

    def subject(self) -> str:
        return "pull an image"

    def defaults(self) -> Values:
        return {"reference": self._reference, "platform": ""}

    def make_fields(self, values: Values) -> Sequence[Field]:
        return (
            TextField("Reference", "reference", str(values["reference"]), "[REGISTRY/]NAME[:TAG] or NAME@DIGEST",
                      check_reference, ascii=self.ascii),
            TextField("Platform", "platform", str(values["platform"]), "the daemon's own", check_platform,
                      "f6 offers the usual ones", ascii=self.ascii),
        )  # fmt: skip

    async def choices(self, field: str) -> Sequence[Option]:
        if field == "platform":
            return [(name, name, "") for name in PLATFORMS]
        tags = {tag for image in self.session.state.images.values() for tag in image.tags}
        return [(tag, tag, "is here; what the registry has may be newer") for tag in sorted(tags)]

    def on_mount(self) -> None:
        super().on_mount()
        self._tell_login()

    def values_changed(self) -> None:
        self._tell_login()

    def _tell_login(self) -> None:
        self.run_worker(self._show_login, group="login", exclusive=True)

    async def _show_login(self) -> None:
        """Say at the reference which registry will be asked, and with which login."""
        text = str(self.form.values()["reference"]).strip()
        if check_reference(text):
            self.form.field("reference").set_hint("")
            return
        registry = parse_reference(text).domain
        if registry not in self._logins:  # once a registry, not once a key: it may run a helper
            await asyncio.sleep(TYPING_SECONDS)
            try:
                self._logins[registry] = await login_words(registry)
            except EngineError as error:
                self._logins[registry] = str(error)
        if self.is_open:
            self.form.field("reference").set_hint(f"from {registry}, {self._logins[registry]}")

    def line_of(self, values: Values) -> str:
        text = str(values["reference"]).strip()
        return "" if check_reference(text) else pull_line(text, str(values["platform"]).strip())

    async def send(self, values: Values) -> None:
        session = self.session
        job = PullJob(session.engine, str(values["reference"]).strip(), platform=str(values["platform"]).strip())
        start_job(session, job)
        self.forget()
        if self.hythe.screen is self:
            await self.hythe.pop_screen()
        self.open("transfer", job=job)
