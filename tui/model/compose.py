"""A Compose project: what the labels of its containers tell of it, and what its files say it should be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, Literal

import msgspec

from tui.model.containers import Container, Port
from tui.model.kept import kept_for

PREFIX: Final = "com.docker.compose."
PROJECT: Final = f"{PREFIX}project"
SERVICE: Final = f"{PREFIX}service"
NUMBER: Final = f"{PREFIX}container-number"
ONE_OFF: Final = f"{PREFIX}oneoff"
HASH: Final = f"{PREFIX}config-hash"
IMAGE: Final = f"{PREFIX}image"
CONFIG_FILES: Final = f"{PREFIX}project.config_files"
WORKING_DIR: Final = f"{PREFIX}project.working_dir"
ENVIRONMENT_FILES: Final = f"{PREFIX}project.environment_file"
"""The labels that Compose 2.x gives to containers; those of files and folders are of the machine it ran on."""

_PROJECT_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]*\Z")
_SERVICE_NAME: Final = re.compile(r"[a-zA-Z0-9._-]+\Z")

Drift = Literal["same", "differs", "not created", "not in the file", "not known"]
"""How the containers of a service compare with the file."""


class ServiceContainer(msgspec.Struct, frozen=True, gc=False):
    """One container of a service, as far as the service is told from it."""

    id: str
    name: str
    state: str
    number: int = 0
    health: str = ""
    exit_code: int | None = None
    hash: str = ""

    @property
    def is_running(self) -> bool:
        """Whether it runs and is not paused or between two restarts."""
        return self.state == "running"


class ComposeService(msgspec.Struct, frozen=True):
    """A service of a project: its containers by number, without those of `docker compose run` and those kept aside."""

    project: str
    name: str
    image: str = ""
    containers: tuple[ServiceContainer, ...] = ()
    ports: tuple[Port, ...] = ()

    @property
    def id(self) -> str:
        """What tells it apart from all other services of a host."""
        return f"{project_id(self.project)}/{self.name}"

    @property
    def running(self) -> int:
        """How many of its containers run."""
        return sum(container.is_running for container in self.containers)

    @property
    def hashes(self) -> frozenset[str]:
        """The hashes of the configurations that its containers were made from."""
        return frozenset(container.hash for container in self.containers)


class ProjectPlace(msgspec.Struct, frozen=True):
    """A project's name, and where its files are, on the machine where Compose was run."""

    name: str
    working_dir: str = ""
    config_files: tuple[str, ...] = ()
    environment_files: tuple[str, ...] = ()


class Project(msgspec.Struct, frozen=True):
    """A project as its containers tell it; the services by name.

    `one_offs` are IDs of `docker compose run`, `kept` those of containers that are kept aside for going back.
    """

    place: ProjectPlace
    services: tuple[ComposeService, ...] = ()
    one_offs: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name."""
        return self.place.name

    @property
    def id(self) -> str:
        """What tells it apart from whatever else of a host has a name."""
        return project_id(self.name)

    @property
    def containers(self) -> tuple[ServiceContainer, ...]:
        """The containers of all services."""
        return tuple(container for service in self.services for container in service.containers)

    @property
    def ports(self) -> tuple[Port, ...]:
        """The ports of all services."""
        return tuple(sorted({port for service in self.services for port in service.ports}))


class FileService(msgspec.Struct, frozen=True):
    """A service as a Compose file says it should be; `is_active`: whether `up` makes it without naming a profile."""

    name: str
    image: str = ""
    wanted: int = 1
    hash: str = ""
    is_active: bool = True


class ProjectFiles(msgspec.Struct, frozen=True):
    """What a project's files say, by service; or the `problem` why nobody knows."""

    services: Mapping[str, FileService] = {}
    problem: str = ""


NOT_READ: Final = ProjectFiles(problem="not read yet")


class _WireDeploy(msgspec.Struct):
    replicas: int | None = None


class _WireService(msgspec.Struct):
    # nothing else is decoded: environments and commands hold secrets
    image: str = ""
    scale: int | None = None
    deploy: _WireDeploy | None = None
    profiles: list[str] | None = None


class WireConfig(msgspec.Struct):
    """The part of `docker compose config --format json` (Compose 2.x) that is read."""

    services: dict[str, _WireService | None] | None = None


def project_id(name: str) -> str:
    """Return the ID of the project of that name."""
    return f"project:{name}"


def is_project_name(name: str) -> bool:
    """Whether Compose takes the name; a label may say anything."""
    return _PROJECT_NAME.match(name) is not None


def is_service_name(name: str) -> bool:
    """Whether a Compose file may have a service of that name."""
    return _SERVICE_NAME.match(name) is not None


def is_one_off(container: Container) -> bool:
    """Whether `docker compose run` made it."""
    return container.labels.get(ONE_OFF, "").lower() == "true"


def is_kept(container: Container) -> bool:
    """Whether it stands aside for one that was recreated: it has a service's labels, and is none of its own."""
    return container.state not in ("running", "paused", "restarting") and kept_for(container.name) is not None


def project_from(name: str, containers: Iterable[Container]) -> Project:
    """Return the project that these containers are labelled with; what they say otherwise, the newest one decides."""
    services: dict[str, list[Container]] = {}
    one_offs: list[str] = []
    kept: list[str] = []
    newest: Container | None = None
    for container in containers:
        if is_one_off(container):
            one_offs.append(container.id)
        elif is_kept(container):
            kept.append(container.id)
        else:
            services.setdefault(container.labels.get(SERVICE, ""), []).append(container)
        if newest is None or (container.created, container.id) > (newest.created, newest.id):
            newest = container
    made = (_service_from(name, service, found) for service, found in sorted(services.items()))
    place = _place_from(name, newest.labels if newest else {})
    return Project(place, tuple(made), tuple(sorted(one_offs)), tuple(sorted(kept)))


def _place_from(name: str, labels: Mapping[str, str]) -> ProjectPlace:
    return ProjectPlace(
        name,
        labels.get(WORKING_DIR, ""),
        _list(labels.get(CONFIG_FILES, "")),
        _list(labels.get(ENVIRONMENT_FILES, "")),
    )


def _list(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(",") if part)


def _service_from(project: str, name: str, containers: Iterable[Container]) -> ComposeService:
    found = sorted(containers, key=lambda c: (_number(c), c.name))
    newest = max(found, key=lambda c: (c.created, c.id))
    return ComposeService(
        project,
        name,
        newest.image,
        tuple(
            ServiceContainer(c.id, c.name, c.state, _number(c), c.health, c.exit_code, c.labels.get(HASH, ""))
            for c in found
        ),
        tuple(sorted({port for c in found for port in c.ports})),
    )


def _number(container: Container) -> int:
    text = container.labels.get(NUMBER, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def files_from(config: WireConfig, hashes: str) -> ProjectFiles:
    """Return what the answers of `config --format json` and `config --hash '*'` (lines of "name hash") say."""
    named = dict(line.split(" ", 1) for line in hashes.splitlines() if " " in line)
    found: dict[str, FileService] = {}
    for name, wire in (config.services or {}).items():
        service = wire or _WireService()
        replicas = service.deploy.replicas if service.deploy else None
        wanted = next((count for count in (service.scale, replicas) if count is not None), 1)
        found[name] = FileService(name, service.image, wanted, named.get(name, "").strip(), not service.profiles)
    return ProjectFiles(found)


def wanted_of(service: ComposeService, files: ProjectFiles) -> int:
    """Return how many containers the service should have: what the file says, else as many as there are."""
    described = files.services.get(service.name)
    made = len(service.containers)
    # `scale` at the command line is not in the file: what was made is wanted, too
    return made if described is None else max(made, described.wanted if described.is_active or made else 0)


def drift_of(service: ComposeService, files: ProjectFiles) -> Drift:
    """Return how the service's containers compare with the file."""
    if files.problem:
        return "not known"
    described = files.services.get(service.name)
    if described is None:
        return "not in the file"
    if not service.containers:
        return "not created" if described.is_active and described.wanted else "same"
    if not described.hash:
        return "not known"
    return "same" if service.hashes == frozenset({described.hash}) else "differs"


def with_files(project: Project, files: ProjectFiles) -> tuple[ComposeService, ...]:
    """Return the project's services and those that only the file has, by name."""
    known = {service.name: service for service in project.services}
    for name, described in files.services.items():
        known.setdefault(name, ComposeService(project.name, name, described.image))
    return tuple(known[name] for name in sorted(known))
