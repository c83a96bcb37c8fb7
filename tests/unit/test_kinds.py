"""Which events touch what: every verb that daemons send, Docker's and Podman's."""

import pytest

from tui.model.events import Event
from tui.store.kinds import KINDS, touched

CONTAINER, NETWORK = "c" * 64, "n" * 64


@pytest.mark.parametrize(
    ("kind", "action", "effects"),
    [
        ("container", "create", {"containers": "read"}),
        ("container", "start", {"containers": "read"}),
        ("container", "die", {"containers": "read"}),
        ("container", "health_status: healthy", {"containers": "read"}),
        ("container", "destroy", {"containers": "gone"}),
        ("container", "prune", {"containers": "list"}),
        ("container", "commit", {"containers": "read", "images": "list"}),
        # Podman's
        ("container", "init", {"containers": "read"}),
        ("container", "cleanup", {"containers": "read"}),
        ("container", "died", {"containers": "read"}),
        ("container", "remove", {"containers": "gone"}),
        ("image", "pull", {"images": "list"}),
        ("image", "tag", {"images": "list"}),
        ("image", "untag", {"images": "list"}),
        ("image", "delete", {"images": "list"}),
        ("image", "remove", {"images": "list"}),
        ("image", "push", {"images": "list"}),
        ("image", "save", {}),
        ("volume", "create", {"volumes": "read"}),
        ("volume", "destroy", {"volumes": "read"}),
        ("volume", "remove", {"volumes": "read"}),
        ("volume", "prune", {"volumes": "list"}),
        ("volume", "mount", {}),
        ("volume", "unmount", {}),
        ("network", "create", {"networks": "read"}),
        ("network", "update", {"networks": "read"}),
        ("network", "destroy", {"networks": "gone"}),
        ("network", "remove", {"networks": "gone"}),
        ("network", "prune", {"networks": "list"}),
        ("network", "connect", {"containers": "read"}),
        ("network", "disconnect", {"containers": "read"}),
        ("builder", "prune", {}),
        ("daemon", "reload", {}),
        ("pod", "create", {}),
    ],
)
def test_what_an_event_touches(kind: str, action: str, effects: dict[str, str]) -> None:
    assert {resource: touch.how for resource, touch in touched(Event(kind, action, "id", 1))} == effects


def test_which_object_an_event_touches() -> None:
    ((_, touch),) = touched(Event("network", "connect", NETWORK, 1))
    assert touch.key(Event("network", "connect", NETWORK, 1, {"container": CONTAINER})) == CONTAINER
    assert touch.key(Event("network", "connect", NETWORK, 1)) == ""
    ((_, touch),) = touched(Event("volume", "create", "data", 1))
    assert touch.key(Event("volume", "create", "data", 1)) == "data"


def test_each_resource_is_described_once() -> None:
    assert list(KINDS) == ["containers", "images", "volumes", "networks"]
    assert all(kind.resource == resource for resource, kind in KINDS.items())
