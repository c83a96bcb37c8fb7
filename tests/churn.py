"""Random changes on a real engine, through its API and by nobody's client: what an operator's hour brings, and more."""

import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from engines import UnixHTTPConnection

LABEL = "hythe.churn"
MOST = {"containers": 36, "images": 24, "volumes": 40, "networks": 10}
COMMANDS = (["sleep", "1000"], ["sleep", "1000"], ["sleep", "3"], ["sh", "-c", "exit 3"], ["true"], ["no-such-program"])


class Refused(Exception):
    """The engine said no, as it should to some of what is asked at random."""


@dataclass
class Churn:
    """Makes changes on the engine at `socket`, in a thread of its own, until it is paused or ended.

    `registry` is where images are pulled from: repositories `r0` to `r5`, tags `t0` to `t3`.
    """

    socket: str
    seed: int
    registry: str = ""
    pause_seconds: float = 0.03
    done: Counter[str] = field(default_factory=Counter[str])
    refused: Counter[str] = field(default_factory=Counter[str])
    last_refusal: dict[str, str] = field(default_factory=dict[str, str])
    _named: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._go = threading.Event()
        self._idle = threading.Event()
        self._end = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._go.set()
        self._thread.start()

    def hold(self) -> None:
        """Change nothing from now on, until `go_on`; returns when the change that is under way has ended."""
        self._idle.clear()
        self._go.clear()
        if not self._idle.wait(120):
            raise RuntimeError("a change hangs")

    def go_on(self) -> None:
        """Go on after `hold`."""
        self._go.set()

    def end(self) -> None:
        """End for good."""
        self._end = True
        self._go.set()
        self._thread.join(120)

    def _run(self) -> None:
        while not self._end:
            if not self._go.is_set():
                self._idle.set()
                self._go.wait()
                continue
            name, change = self._random.choices(self._changes, [weight for weight, _, _ in self._table])[0]
            try:
                change()
                self.done[name] += 1
            except Refused as error:
                self.refused[name] += 1
                self.last_refusal[name] = str(error)
            except OSError as error:
                self.refused["no daemon"] += 1
                self.last_refusal["no daemon"] = f"{name}: {error!r}"
                time.sleep(0.2)
            time.sleep(self._random.expovariate(1 / self.pause_seconds))

    # the API

    def ask(self, method: str, path: str, body: object = None, **params: object) -> Any:
        """Send a request and return what it answers; raises Refused for any status but a good one."""
        connection = UnixHTTPConnection(self.socket, 60)
        query = {key: json.dumps(value) if isinstance(value, dict) else value for key, value in params.items()}
        target = path + (f"?{urlencode(query)}" if query else "")
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, target, data, {"Content-Type": "application/json"} if data else {})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status >= 400:
                raise Refused(f"{method} {target}: {text[:200]!r}")
            documents = text.splitlines()
            if documents and b"errorDetail" in documents[-1]:
                raise Refused(f"{method} {target}: {documents[-1][:200]!r}")
            return json.loads(text) if len(documents) == 1 else None
        except (ValueError, http.client.HTTPException) as error:
            raise OSError(f"the answer was cut: {error}") from error
        finally:
            connection.close()

    def _some(self, kind: str, *states: str) -> str:
        """One of our objects."""
        filters: dict[str, list[str]] = {"label": [LABEL]}
        if kind == "containers":
            filters |= {"status": list(states)} if states else {}
            found = [each["Id"] for each in self.ask("GET", "/containers/json", all="1", filters=filters)]
        elif kind == "images":
            found = [tag for each in self.ask("GET", "/images/json") for tag in each["RepoTags"] or () if "/" in tag]
        elif kind == "volumes":
            found = [each["Name"] for each in self.ask("GET", "/volumes", filters=filters)["Volumes"] or ()]
        else:
            found = [each["Id"] for each in self.ask("GET", "/networks", filters=filters)]
        if not found:
            raise Refused("there is none")
        return self._random.choice(found)

    def _room(self, kind: str) -> None:
        """Refuse to make more than one screen shows."""
        if not self._has_room(kind):
            raise Refused("there are enough")

    def _has_room(self, kind: str) -> bool:
        path = {"containers": "/containers/json?all=1", "images": "/images/json"}.get(kind, f"/{kind}")
        answer = self.ask("GET", path)
        return len(answer["Volumes"] or () if kind == "volumes" else answer) < MOST[kind]

    def _name(self) -> str:
        self._named += 1
        return f"churn-{self._named:05d}"

    # what may happen

    @property
    def _table(self) -> list[tuple[int, str, Callable[[], None]]]:
        return [
            (22, "run", self.run),
            (8, "create", self.create),
            (10, "start", lambda: self._on("start", "created", "exited")),
            (10, "stop", lambda: self._on("stop?t=0", "running")),
            (5, "kill", lambda: self._on("kill", "running")),
            (4, "restart", lambda: self._on("restart?t=0", "running", "exited")),
            (5, "pause", lambda: self._on("pause", "running")),
            (7, "unpause", lambda: self._on("unpause", "paused")),
            (8, "rename", lambda: self._on(f"rename?name={self._name()}")),
            (14, "remove", self.remove),
            (5, "exec", self.execute),
            (2, "update", self.update),
            (1, "prune containers", lambda: self._prune("containers")),
            (4, "commit", self.commit),
            (4, "tag", self.tag),
            (5, "pull", self.pull),
            (6, "remove image", lambda: self.ask("DELETE", f"/images/{self._some('images')}", force="1")),
            (1, "prune images", lambda: self.ask("POST", "/images/prune", filters={"dangling": ["true"]})),
            (6, "create volume", self.create_volume),
            (4, "remove volume", lambda: self.ask("DELETE", f"/volumes/{self._some('volumes')}")),
            (1, "prune volumes", lambda: self._prune("volumes")),
            (4, "create network", self.create_network),
            (3, "remove network", lambda: self.ask("DELETE", f"/networks/{self._some('networks')}")),
            (4, "connect", lambda: self._attach("connect")),
            (3, "disconnect", lambda: self._attach("disconnect")),
            (1, "prune networks", lambda: self._prune("networks")),
        ]

    @property
    def _changes(self) -> list[tuple[str, Callable[[], None]]]:
        return [(name, change) for _, name, change in self._table]

    def create(self) -> str:
        self._room("containers")
        chance = self._random.random
        host: dict[str, object] = {}
        if chance() < 0.1:
            host["RestartPolicy"] = {"Name": "on-failure", "MaximumRetryCount": 2}
        elif chance() < 0.2:
            host["AutoRemove"] = True
        more_volumes = self._has_room("volumes")
        if chance() < 0.3 and more_volumes:
            host["Binds"] = [f"{self._name()}:/data"]
        if chance() < 0.2:
            host["NetworkMode"] = self._random.choice(["none", "host", "bridge"])
        body: dict[str, object] = {
            "Image": "busybox:latest", "Cmd": self._random.choice(COMMANDS), "Labels": {LABEL: ""}, "HostConfig": host,
        }  # fmt: skip
        if chance() < 0.15 and more_volumes:
            body["Volumes"] = {"/anonymous": {}}
        if chance() < 0.1:
            body["Healthcheck"] = {"Test": ["CMD", "true"], "Interval": 10**9, "Retries": 1}
        return str(self.ask("POST", "/containers/create", body, name=self._name())["Id"])

    def run(self) -> None:
        self.ask("POST", f"/containers/{self.create()}/start")

    def _on(self, verb: str, *states: str) -> None:
        self.ask("POST", f"/containers/{self._some('containers', *states)}/{verb}")

    def remove(self) -> None:
        doomed = self._some("containers")
        self.ask("DELETE", f"/containers/{doomed}", force="1", v=self._random.choice("01"))

    def execute(self) -> None:
        body = {"Cmd": ["true"], "AttachStdout": True}
        made = self.ask("POST", f"/containers/{self._some('containers', 'running')}/exec", body)
        self.ask("POST", f"/exec/{made['Id']}/start", {"Detach": True})

    def update(self) -> None:
        self.ask("POST", f"/containers/{self._some('containers')}/update", {"Memory": 64 << 20, "MemorySwap": 64 << 20})

    def _prune(self, kind: str) -> None:
        more = {"all": ["true"]} if kind == "volumes" and self._prunes_all else {}
        self.ask("POST", f"/{kind}/prune", filters={"label": [LABEL]} | more)

    @property
    def _prunes_all(self) -> bool:
        return tuple(map(int, self.ask("GET", "/version")["ApiVersion"].split("."))) >= (1, 42)

    def commit(self) -> None:
        self._room("images")
        where = {"repo": f"churn/{self._name()}", "tag": "v1"} if self._random.random() < 0.7 else {}
        self.ask("POST", "/commit", {}, container=self._some("containers"), **where)

    def tag(self) -> None:
        repo = f"churn/tagged{self._random.randrange(3)}"
        self.ask("POST", f"/images/{self._some('images')}/tag", repo=repo, tag=f"v{self._random.randrange(3)}")

    def pull(self) -> None:
        if not self.registry:
            raise Refused("there is no registry")
        self._room("images")
        repo = f"{self.registry}/r{self._random.randrange(6)}"
        self.ask("POST", "/images/create", fromImage=repo, tag=f"t{self._random.randrange(4)}")

    def create_volume(self) -> None:
        self._room("volumes")
        self.ask("POST", "/volumes/create", {"Name": self._name(), "Labels": {LABEL: ""}})

    def create_network(self) -> None:
        self._room("networks")
        body = {"Name": self._name(), "Labels": {LABEL: ""}, "Internal": self._random.random() < 0.5}
        self.ask("POST", "/networks/create", body)

    def _attach(self, verb: str) -> None:
        network, container = self._some("networks"), self._some("containers", "running", "created", "exited")
        self.ask("POST", f"/networks/{quote(network)}/{verb}", {"Container": container})
