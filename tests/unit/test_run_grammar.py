"""The grammar of `docker run`'s numbers, devices, mounts and networks."""

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model.run_flags import FLAGS
from tui.model.run_limits import (
    Device,
    GpuRequest,
    Ulimit,
    csv_text,
    duration_text,
    fields_of,
    parse_cpus,
    parse_device,
    parse_duration,
    parse_gpus,
    parse_size,
    parse_ulimit,
    size_text,
)
from tui.model.run_mounts import WireMountSpec, mount_body, mount_text, parse_mount, parse_tmpfs
from tui.model.run_network import Attachment, parse_extra_host, parse_link, parse_network
from tui.model.run_options import InvalidOption

GOOD: list[tuple[Callable[[str], object], str, object]] = [
    (parse_size, "0", 0),
    (parse_size, "512m", 512 << 20),
    (parse_size, "1.5GiB", 3 << 29),
    (parse_size, "2 kb", 2048),
    (parse_size, "7B", 7),
    (parse_cpus, "1.5", 1_500_000_000),
    (parse_cpus, ".25", 250_000_000),
    (parse_cpus, "1/4", 250_000_000),
    (parse_duration, "0", 0),
    (parse_duration, "1m30s", 90 * 10**9),
    (parse_duration, "1.5h", 5400 * 10**9),
    (parse_duration, "500ms", 5 * 10**8),
    (parse_ulimit, "nofile=1024:2048", Ulimit("nofile", 1024, 2048)),
    (parse_ulimit, "core=-1", Ulimit("core", -1, -1)),
    (parse_device, "/dev/a", Device("/dev/a", "/dev/a")),
    (parse_device, "/dev/a:r", Device("/dev/a", "/dev/a", "r")),
    (parse_device, "/dev/a:/dev/b:wm", Device("/dev/a", "/dev/b", "wm")),
    (parse_device, "vendor.com/gpu=0", Device("vendor.com/gpu=0")),
    (parse_gpus, "all", GpuRequest(count=-1)),
    (parse_gpus, "2", GpuRequest(count=2)),
    (parse_gpus, "device=0", GpuRequest(devices=("0",))),
    (parse_gpus, '"device=0,1",driver=nvidia', GpuRequest("nvidia", 0, ("0", "1"))),
    (parse_gpus, "driver=nvidia,capabilities=compute", GpuRequest("nvidia", 1, capabilities=("compute", "gpu"))),
    (parse_extra_host, "a=1.2.3.4", "a:1.2.3.4"),
    (parse_extra_host, "a:[::1]", "a:::1"),
    (parse_extra_host, "a:host-gateway", "a:host-gateway"),
    (parse_link, "db", ("db", "db")),
    (parse_link, "/db:/web/alias", ("db", "alias")),
    (parse_network, "mine", Attachment("mine")),
    (parse_network, "container:a", Attachment("container:a")),
    (parse_network, "name=a,alias=b,alias=c,ip=1.2.3.4", Attachment("a", ("b", "c"), "1.2.3.4")),
    (parse_tmpfs, "/run:size=1m,noexec", ("/run", "size=1m,noexec")),
]


@pytest.mark.parametrize(("parse", "text", "found"), GOOD)
def test_what_is_taken(parse: Callable[[str], object], text: str, found: object) -> None:
    assert parse(text) == found


BAD = [
    ("memory", "lots", "is not a size"),
    ("memory", "5m", "the least memory is 6m"),
    ("memory", "9999999p", "more than any machine"),
    ("memory-swap", "-2", "is not a size"),
    ("cpus", "many", "number of CPUs"),
    ("cpus", "0.0000000001", "too precise"),
    ("health-interval", "30", "is not a duration"),
    ("health-interval", "1us", "is 1ms"),
    ("health-retries", "-1", "from 0 to"),
    ("oom-score-adj", "2000", "from -1000 to 1000"),
    ("pids-limit", "x", "not a whole number"),
    ("ulimit", "files=1", "no ulimit 'files'"),
    ("ulimit", "nofile=2:1", "over the hard one"),
    ("ulimit", "nofile", "name=soft:hard"),
    ("device", "null", "not an absolute path"),
    ("device", "/dev/a:/dev/b:x", "r, w and m"),
    ("device", "/dev/a*:/dev/b", "keep their names"),
    ("device-cgroup-rule", "1:*", "c 188"),
    ("gpus", "some", "neither all nor"),
    ("gpus", "device=0,count=2", "exclude each other"),
    ("gpus", "all,count=1", "given twice"),
    ("blkio-weight", "5", "10 to 1000"),
    ("device-read-bps", "sda:1m", "/dev/x:VALUE"),
    ("network", "a b", "not the name"),
    ("network", "name=a,color=b", "'color' is unknown"),
    ("network", "alias=b", "name is missing"),
    ("network", "container:", "name is missing"),
    ("ip", "::1", "not an IPv4"),
    ("ip6", "1.2.3.4", "not an IPv6"),
    ("mac-address", "1:2", "not a MAC"),
    ("dns", "one", "not an IP"),
    ("dns-search", "-a-", "not a domain"),
    ("add-host", "a", "is not HOST:IP"),
    ("add-host", "a:b", "neither an IP address nor"),
    ("link", "a:", "NAME or NAME:ALIAS"),
    ("hostname", "x" * 65, "at most 64"),
    ("mount", "type=bind,source=a,target=/b", "must be absolute"),
    ("mount", "type=bind,target=/b", "needs source"),
    ("mount", "type=tape,target=/b", "type 'tape' is unknown"),
    ("mount", "type=volume", "target=/path"),
    ("mount", "target=b", "must be absolute"),
    ("mount", "target=/", "cannot be a mount"),
    ("mount", "target=/b,bind-propagation=shared", "not for the type volume"),
    ("mount", "target=/b,colour=red", "'colour' is unknown"),
    ("mount", "target=/b,readonly=maybe", "true or false"),
    ("mount", "type=tmpfs,target=/b,tmpfs-mode=9", "octal"),
    ("mount", 'target=/b,"x', "quotes"),
    ("tmpfs", "run", "must be absolute"),
    ("tmpfs", "/run:size=x", "is not a size"),
    ("volumes-from", "a:x", "neither ro nor rw"),
    ("platform", "linux arm", "not a platform"),
    ("stop-signal", "99", "1 to 64"),
    ("stop-signal", "!", "not a signal"),
    ("stop-signal", "\u00b2", "not a signal"),
    ("stop-signal", "9" * 5000, "1 to 64"),
    ("cap-add", "NET_ADMN", "NET_ADMIN?"),
    ("security-opt", "strict", "no-new-privileges"),
    ("sysctl", "net.x", "KEY=VALUE"),
    ("ipc", "mine", "container:NAME"),
    ("userns", "mine", "none of host"),
    ("pull", "sometimes", "missing, always, never"),
    ("workdir", "srv", "not absolute"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "words"), BAD)
def test_what_is_refused_says_why(name: str, text: str, words: str) -> None:
    check = FLAGS[name].check
    assert check is not None
    assert words in (check(text) or "")


@given(st.integers(0, 1 << 62))
def test_a_duration_comes_back_from_its_text(nanoseconds: int) -> None:
    assert parse_duration(duration_text(nanoseconds)) == nanoseconds


@given(st.integers(0, 1 << 62))
def test_a_size_comes_back_from_its_text(size: int) -> None:
    assert parse_size(size_text(size)) == size


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), min_size=1), min_size=1))
def test_fields_come_back_from_their_text(texts: list[str]) -> None:
    fields = [f"k={text}" for text in texts]
    assert [value for _, value in fields_of(csv_text(fields))] == texts


MOUNTS = (
    "type=bind,source=/a,target=/b,bind-propagation=rslave,readonly",
    "type=bind,source=/a,target=/b,bind-recursive=writable,readonly",
    "type=volume,source=v,target=/b,volume-subpath=x,volume-driver=local,volume-nocopy,volume-label=a=b,volume-opt=o=p",
    "type=tmpfs,target=/run,tmpfs-size=67108864,tmpfs-mode=1770",
    "type=image,source=busybox,target=/b,image-subpath=bin",
    'type=bind,"source=/a,b",target=/c',
    "type=volume,target=/anonymous",
)


@pytest.mark.parametrize("text", MOUNTS)
def test_a_mount_comes_back_from_what_the_api_says(text: str) -> None:
    assert mount_text(msgspec.convert(mount_body(parse_mount(text)), WireMountSpec)) == text


@pytest.mark.parametrize("name", sorted(name for name, flag in FLAGS.items() if flag.takes_value))
@given(text=st.text(max_size=20) | st.text(alphabet='0189:-/[].abcdev,=mgk*" ', max_size=20))
def test_every_check_takes_any_text_or_says_why(name: str, text: str) -> None:
    check = FLAGS[name].check
    assert check is not None
    found = check(text)
    assert found is None or found.strip()


def test_an_option_is_refused_by_its_own_error_alone() -> None:
    with pytest.raises(InvalidOption):
        parse_size("")
