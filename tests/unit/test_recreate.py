"""What a container is made of again: its own settings without its image's, with its volumes and networks."""

from typing import Any

import pytest

from tui.model.kept import kept_for, kept_name
from tui.model.recreate import recreate_request
from tui.model.reference import is_image_id
from tui.model.run_network import network_of_mode

ID = "abcdef012345" + "0" * 52
IMAGE = {
    "Env": ["PATH=/bin", "A=1", "GONE=x"], "Cmd": ["serve"], "Entrypoint": ["/start"], "Labels": {"a": "b", "c": "d"},
    "ExposedPorts": {"80/tcp": {}}, "Volumes": {"/data": {}}, "User": "www", "WorkingDir": "/srv",
    "Healthcheck": {"Test": ["CMD", "true"]},
}  # fmt: skip


def container(**config: Any) -> dict[str, Any]:
    own = {**IMAGE, "Hostname": ID[:12], "Image": "web:1", "Env": ["B=2", "A=1", "PATH=/bin", "GONE=x"], **config}
    return {
        "Id": ID,
        "Name": "/web",
        "Config": own,
        "HostConfig": {"NetworkMode": "mine", "Binds": ["named:/named"], "Links": None, "AutoRemove": True},
        "Mounts": [
            {"Type": "volume", "Name": "f" * 64, "Destination": "/data", "RW": True},
            {"Type": "volume", "Name": "named", "Destination": "/named", "RW": True},
        ],
        "NetworkSettings": {
            "Networks": {
                "mine": {"Aliases": ["db", ID[:12]], "IPAMConfig": {"IPv4Address": "10.0.0.2"}, "MacAddress": "x",
                         "IPAddress": "10.0.0.2", "NetworkID": "n1"},
                "other": {"Aliases": None, "IPAMConfig": None, "MacAddress": "02:11:22:33:44:55",
                          "IPAddress": "10.1.0.2", "Links": ["/db:/web/database"]},
                "third": {"MacAddress": "02:42:0a:02:00:03", "IPAddress": "10.2.0.3"},
            }
        },
    }  # fmt: skip


def test_what_the_image_gives_is_left_to_the_new_image() -> None:
    body = recreate_request(container(), IMAGE).body
    given = ("Cmd", "Entrypoint", "User", "WorkingDir", "Healthcheck", "Hostname")
    assert [key for key in given if body.get(key)] == []
    assert (body["Env"], body["Labels"], body["ExposedPorts"], body["Volumes"]) == (["B=2"], {}, {}, {})
    assert body["Image"] == "web:1"


def test_what_is_its_own_stays() -> None:
    own = container(
        Cmd=["other"], User="me", Labels={"a": "x", "c": "d"}, Env=["A=2", "PATH=/bin"], Hostname="hal",
        ExposedPorts={"80/tcp": {}, "81/tcp": {}}, Volumes={"/data": {}, "/own": {}},
    )  # fmt: skip
    body = recreate_request(own, IMAGE).body
    assert (body["Cmd"], body["User"], body["Hostname"]) == (["other"], "me", "hal")
    assert body["Env"] == ["A=2", "GONE"]  # the bare name takes the image's variable away
    assert (body["Labels"], body["ExposedPorts"], body["Volumes"]) == ({"a": "x"}, {"81/tcp": {}}, {"/own": {}})
    body = recreate_request(container(Entrypoint=None, Cmd=["x"]), IMAGE).body
    assert (body["Entrypoint"], body["Cmd"]) == ([""], ["x"])
    assert recreate_request(container(), None).body["Env"] == ["B=2", "A=1", "PATH=/bin", "GONE=x"]


def test_volumes_without_a_name_go_along_by_the_name_they_got() -> None:
    host = recreate_request(container(), IMAGE).body["HostConfig"]
    assert isinstance(host, dict)
    assert host["Binds"] == ["named:/named", f"{'f' * 64}:/data"]
    assert host["AutoRemove"] is True


def test_networks_go_along_with_aliases_addresses_and_links() -> None:
    networking = recreate_request(container(MacAddress="02:00:00:00:00:01"), IMAGE).body["NetworkingConfig"]
    assert networking == {
        "EndpointsConfig": {
            "mine": {"Aliases": ["db"], "IPAMConfig": {"IPv4Address": "10.0.0.2"}, "MacAddress": "02:00:00:00:00:01"},
            "other": {"Links": ["db:database"], "MacAddress": "02:11:22:33:44:55"},
            "third": {},
        }
    }


def test_an_older_daemon_is_connected_to_the_further_networks_afterwards() -> None:
    request = recreate_request(container(MacAddress="02:00:00:00:00:01"), IMAGE, api=(1, 41))
    assert request.body["MacAddress"] == "02:00:00:00:00:01"
    assert request.body["NetworkingConfig"] == {
        "EndpointsConfig": {"mine": {"Aliases": ["db"], "IPAMConfig": {"IPv4Address": "10.0.0.2"}}}
    }
    assert request.connect == (("other", {"Links": ["db:database"]}), ("third", {}))


@pytest.mark.parametrize(
    ("host", "config", "asked"),
    [
        ({"NetworkMode": "container:abc"}, {"Hostname": "vpn", "Domainname": "lan"}, (None, None)),
        ({"NetworkMode": "host"}, {"Hostname": "box", "Domainname": "lan"}, (None, "lan")),
        ({"NetworkMode": "host"}, {"Hostname": "hal"}, ("hal", None)),
        ({"NetworkMode": "mine"}, {"Hostname": "box"}, ("box", None)),
        ({"NetworkMode": "mine", "UTSMode": "host"}, {"Hostname": "other"}, (None, None)),
        ({"NetworkMode": "mine"}, {"Hostname": ID[:12], "Domainname": ""}, (None, None)),
    ],
)
def test_names_that_the_daemon_wrote_in_are_not_asked_for(
    host: dict[str, str], config: dict[str, str], asked: tuple[str | None, str | None]
) -> None:
    found = container(**config)
    found["HostConfig"] |= host
    body = recreate_request(found, IMAGE, daemon="box").body
    assert (body.get("Hostname"), body.get("Domainname")) == asked


@pytest.mark.parametrize(
    ("mode", "ids", "meant"),
    [
        ("", {"x": "", "bridge": ""}, "bridge"),
        ("default", {"x": ""}, ""),
        ("web", {"a": "1" * 64, "web": "2" * 64}, "web"),
        ("2" * 64, {"a": "1" * 64, "web": "2" * 64}, "web"),
        ("222222", {"a": "1" * 64, "web": "2" * 64}, "web"),
        ("2" * 64, {"a": "1" * 64, "b": "3" * 64}, ""),
        ("2" * 64, {"web": ""}, "web"),
        ("left", {"web": ""}, ""),
        ("container:abc", {}, ""),
    ],
)
def test_the_mode_means_a_network_by_name_or_id(mode: str, ids: dict[str, str], meant: str) -> None:
    assert network_of_mode(mode, ids) == meant


def test_an_older_daemon_is_given_the_network_of_the_mode_first() -> None:
    found = container()
    found["NetworkSettings"]["Networks"]["other"]["NetworkID"] = "f" * 64
    found["HostConfig"]["NetworkMode"] = "f" * 64
    request = recreate_request(found, IMAGE, api=(1, 41))
    assert request.body["NetworkingConfig"] == {"EndpointsConfig": {"other": {"Links": ["db:database"]}}}
    assert [name for name, _ in request.connect] == ["mine", "third"]


@pytest.mark.parametrize("mode", ["host", "none", "container:abc"])
def test_a_network_that_is_none_of_its_own_has_no_end(mode: str) -> None:
    found = container()
    found["HostConfig"]["NetworkMode"] = mode
    request = recreate_request(found, IMAGE, api=(1, 41))
    assert request.body["NetworkingConfig"] == {"EndpointsConfig": {}}
    assert not request.connect


def test_the_name_of_what_is_kept_aside_tells_for_whom() -> None:
    assert kept_name("web", "20260102-030405") == "web-before-20260102-030405"
    assert kept_for("web-before-20260102-030405") == "web"
    assert kept_for("web-before") is None
    assert kept_for(kept_name(kept_name("web", "20260102-030405"), "20260102-030406")) == "web-before-20260102-030405"


def test_an_id_names_no_newer_image() -> None:
    assert is_image_id("sha256:" + "0" * 64)
    assert is_image_id("0123456789ab")
    assert not is_image_id("web:1")
    assert not is_image_id("beef")
