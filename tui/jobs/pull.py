"""A pull that goes on whether or not a screen shows it: the layers as they come, and the daemon's words at the end."""

from __future__ import annotations

from tui.engine.engine import Engine
from tui.engine.images import PullProgress
from tui.jobs.job import Job
from tui.model.reference import parse_reference
from tui.present.units import size

_FINISHED = ("Pull complete", "Already exists")
_FETCHED = ("Verifying Checksum", "Download complete", "Extracting", *_FINISHED)


class PullPicture:
    """What is known of the layers of a pull; sizes are bytes, and those of layers not begun are not known."""

    def __init__(self) -> None:
        self._layers: dict[str, tuple[int, int]] = {}
        self._finished: set[str] = set()

    def apply(self, step: PullProgress) -> None:
        """Take in one document of the stream; those that are about no layer change nothing."""
        if not step.id or step.status.startswith(("Pulling from", "Status:", "Digest:")):
            return
        got, total = self._layers.get(step.id, (0, 0))
        detail = step.progress_detail
        if step.status == "Downloading" and detail is not None:
            total = max(detail.total, detail.current)
            got = detail.current
        elif step.status in _FETCHED:
            got = total
        self._layers[step.id] = (got, total)
        if step.status in _FINISHED:
            self._finished.add(step.id)

    @property
    def fraction(self) -> float | None:
        """The share of the bytes known that is here, None before any size is known."""
        total = sum(total for _, total in self._layers.values())
        return min(1.0, sum(got for got, _ in self._layers.values()) / total) if total else None

    @property
    def words(self) -> str:
        """Where it stands: "2 of 5 layers, 12MB of 80MB"."""
        if not self._layers:
            return "asking the registry"
        total = sum(total for _, total in self._layers.values())
        got = sum(got for got, _ in self._layers.values())
        amount = f", {size(got)} of {size(total)}" if total else ""
        return f"{len(self._finished)} of {len(self._layers)} layers{amount}"


class PullJob(Job):
    """Pulls one image, without credentials. Raises InvalidReference for a text that is no reference."""

    def __init__(self, engine: Engine, reference: str, *, platform: str = "") -> None:
        parsed = parse_reference(reference).tagged()
        option = f"--platform {platform} " if platform else ""
        super().__init__(f"pull {parsed.familiar()}", f"docker pull {option}{parsed.familiar()}")
        self._platform = platform
        self._engine = engine
        self._name = parsed.familiar_name
        self._tag = parsed.digest or parsed.tag or ""
        self._picture = PullPicture()
        self.progress = self._picture.words

    async def work(self) -> None:
        async for step in self._engine.images.pull(self._name, self._tag, platform=self._platform):
            self._picture.apply(step)
            words = self._picture.words
            if words != self.progress:
                self.progress, self.fraction = words, self._picture.fraction
                self.changed()
