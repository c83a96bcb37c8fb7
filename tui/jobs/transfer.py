"""What is known of a pull or a push while it goes on: its layers, how fast they move, and how long it will take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tui.engine.credentials import DockerLogins
from tui.engine.transfers import TransferProgress
from tui.jobs.job import Job
from tui.jobs.transfer_advice import advice
from tui.present.units import duration, plural, rate, size

RATE_SECONDS = 8.0
"""Over how long a rate is told."""

_FINISHED = ("Pull complete", "Already exists", "Pushed", "Layer already exists", "Mounted from")
_FETCHED = ("Verifying Checksum", "Download complete", "Extracting", *_FINISHED)
_MOVING = ("Downloading", "Pushing")
_NO_LAYER = ("Pulling from", "Status:", "Digest:")


@dataclass(slots=True)
class LayerProgress:
    """A layer as the daemon tells of it: its words, and the bytes that were moved of those there are (0: unknown)."""

    id: str
    words: str = ""
    got: int = 0
    total: int = 0
    finished: bool = False

    @property
    def is_moving(self) -> bool:
        """Whether its bytes are on the way."""
        return self.words.startswith(_MOVING)


class Pace:
    """The rate of something that grows: bytes a second over the last few. `now` is a clock in seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._marks: deque[tuple[float, int]] = deque(maxlen=400)

    def mark(self, count: int) -> None:
        """Say how many bytes there are by now."""
        now = self._now()
        if self._marks and now - self._marks[-1][0] < RATE_SECONDS / 200:
            self._marks.pop() if len(self._marks) > 1 else None
        self._marks.append((now, count))
        while now - self._marks[0][0] > RATE_SECONDS and len(self._marks) > 2:
            self._marks.popleft()

    @property
    def rate(self) -> float | None:
        """Bytes a second; None before there is a second to tell it by."""
        if len(self._marks) < 2:
            return None
        (began, before), (_, after) = self._marks[0], self._marks[-1]
        passed = self._now() - began
        return max(0, after - before) / passed if passed >= 1 else None


class TransferPicture:
    """The layers of a pull or a push; sizes are bytes, and those of layers not begun are not known."""

    def __init__(self) -> None:
        self._layers: dict[str, LayerProgress] = {}

    def apply(self, step: TransferProgress) -> None:
        """Take in one document of the stream; those that are about no layer change nothing."""
        if not step.id or step.status.startswith(_NO_LAYER):
            return
        layer = self._layers.setdefault(step.id, LayerProgress(step.id))
        layer.words = step.status
        detail = step.progress_detail
        if step.status.startswith(_MOVING) and detail is not None:
            # a layer that is fetched anew tells no size at first
            layer.total = max(detail.total or layer.total, detail.current)
            layer.got = detail.current
        elif step.status.startswith(_FETCHED):
            layer.got = layer.total
        layer.finished = step.status.startswith(_FINISHED)

    @property
    def layers(self) -> Sequence[LayerProgress]:
        """The layers, as the daemon named them first."""
        return tuple(self._layers.values())

    @property
    def got(self) -> int:
        """The bytes that were moved."""
        return sum(layer.got for layer in self._layers.values())

    @property
    def total(self) -> int:
        """The bytes of those layers whose size is known."""
        return sum(layer.total for layer in self._layers.values())

    @property
    def is_sized(self) -> bool:
        """Whether the size of every layer that is still to come is known."""
        return all(layer.total or layer.finished for layer in self._layers.values())

    @property
    def fraction(self) -> float | None:
        """The share of the bytes known that is here, None before any size is known."""
        return min(1.0, self.got / self.total) if self.total else None

    @property
    def words(self) -> str:
        """Where it stands: "2 of 5 layers, 12MB of 80MB"."""
        if not self._layers:
            return "asking the registry"
        finished = sum(layer.finished for layer in self._layers.values())
        amount = f", {size(self.got)} of {size(self.total)}" if self.total else ""
        return f"{finished} of {plural(len(self._layers), 'layer')}{amount}"


class TransferJob(Job):
    """A pull or a push. `picture` is what is known of its layers, `said` the daemon's words about the whole.

    `registry` is the host it is about; `hint` says, after it failed, what may help.
    """

    screen = "transfer"

    def __init__(self, title: str, line: str, registry: str = "") -> None:
        super().__init__(title, line)
        self.registry = registry
        self.hint = ""
        self._logged_in = False
        self.picture = TransferPicture()
        self.pace = Pace()
        self.said: list[str] = []
        self.progress = self.picture.words

    async def auth(self) -> str:
        """Return the value of X-Registry-Auth: the docker CLI's own login, empty without one.

        Raises:
            CredentialsError: it cannot be read.
        """
        self.progress = f"looking for the login to {self.registry}"
        self.changed()
        found = await DockerLogins().auth(self.registry)
        self._logged_in = bool(found)
        self.progress = self.picture.words
        self.changed()
        return found

    def failure(self, error: Exception) -> str:
        words = super().failure(error)
        self.hint = advice(words, self.registry, logged_in=self._logged_in)
        return words

    @property
    def time_left(self) -> float | None:
        """Seconds; None while it can't be told: a layer that waits to be tried again is on no way to its end."""
        speed = self.pace.rate
        moving = any(layer.is_moving for layer in self.picture.layers)
        if not speed or not moving or not self.picture.is_sized or self.state != "running":
            return None
        return (self.picture.total - self.picture.got) / speed

    def take(self, step: TransferProgress) -> None:
        """Take in one document of the daemon's answer."""
        self.picture.apply(step)
        if step.status and (not step.id or step.status.startswith(_NO_LAYER)):
            self.said.append(step.status)
            del self.said[:-20]
        self.pace.mark(self.picture.got)
        words = self.picture.words
        if (speed := self.pace.rate) and any(layer.is_moving for layer in self.picture.layers):
            left = self.time_left
            words += f", {rate(speed)}" + (f", {duration(left)} left" if left is not None else "")
        if words != self.progress:
            self.progress, self.fraction = words, self.picture.fraction
            self.changed()

    def end_well(self) -> None:
        """Say at the end what the daemon said last."""
        last = next((text for text in reversed(self.said) if text), "")
        words = self.picture.words if self.picture.layers else "no layer had to be moved"
        self.progress = f"{words}; {last}" if last else words
