"""What the run form says: hints, secrets, ports in use, the spec of its values, the place of an error."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine.transfers import ProgressDetail, TransferProgress
from tui.jobs.transfer import TransferPicture
from tui.model.containers import Container, Port
from tui.model.images import WireImageConfig
from tui.model.run_flags import FLAGS
from tui.model.run_line import docker_line
from tui.model.run_spec import RunSpec
from tui.present.run import error_place, free_name, image_hints, name_holder, port_holder, port_twice
from tui.present.run_form import FIELDS, OTHER, check_command, check_of, spec_from, values_of
from tui.present.secrets import looks_secret
from tui.screens.form_memory import FormMemory
from tui.screens.run_checks import check_image


def container(name: str, *ports: Port) -> Container:
    return Container(id=name * 4, name=name, image="busybox", state="running", ports=ports)


WEB = container("web", Port(80, "tcp", 8080, "0.0.0.0"), Port(80, "tcp", 8080, "::"))
DNS = container("dns", Port(53, "udp", 5300, "127.0.0.1"), Port(54, "tcp"))


@pytest.mark.parametrize(
    ("text", "holder"),
    [
        ("8080:80", "web"),
        ("127.0.0.1:8080:1", "web"),
        ("[::1]:8080:1", "web"),
        ("8079-8081:1-3", "web"),
        ("8080:80/udp", None),
        ("80", None),
        ("8000-8100:80", None),
        ("5300:53/udp", "dns"),
        ("127.0.0.1:5300:53/udp", "dns"),
        ("127.0.0.2:5300:53/udp", None),
        ("[::]:5300:53/udp", None),
        ("0.0.0.0:5300:53/udp", "dns"),
        ("5300:53", None),
        ("54:54", None),
    ],
)
def test_a_host_port_names_the_container_that_publishes_it(text: str, holder: str | None) -> None:
    found = port_holder(text, [WEB, DNS])
    assert (found[1].name if found else None) == holder


@pytest.mark.parametrize(
    ("text", "others", "number"),
    [
        ("80:80", [], None),
        ("80:80", ["80:80"], 80),
        ("80:80", ["80:81"], 80),
        ("80:80", ["80:80/udp"], None),
        ("127.0.0.1:80:80", ["127.0.0.2:80:80"], None),
        ("127.0.0.1:80:80", ["80:80"], 80),
        ("80", ["80"], None),
        ("70-90:70-90", ["80:1"], 80),
    ],
)
def test_a_host_port_that_is_asked_for_twice(text: str, others: list[str], number: int | None) -> None:
    assert port_twice(text, [text, *others]) == number


def test_an_image_without_a_configuration_gives_the_grammar() -> None:
    assert image_hints(None) == image_hints(WireImageConfig())
    assert image_hints(None).placeholder("publish") == "8080:80"


def test_an_image_offers_what_it_has() -> None:
    config = WireImageConfig(
        cmd=["nginx", "-g", "daemon off;"],
        entrypoint=["/entry point.sh"],
        env=["PATH=/bin", "API_TOKEN=abc", "URL=redis://u:p@h/0", f"LONG={'x' * 60}"],
        exposed_ports={"9000/tcp": {}, "80/tcp": {}},
        volumes={"/cache": {}},
    )
    hints = image_hints(config)
    assert hints.placeholder("command") == "the image's own: nginx -g 'daemon off;'"
    assert "'/entry point.sh'" in hints.hint("command")
    assert "80/tcp, 9000/tcp" in hints.hint("publish")
    assert hints.placeholder("publish") == "8080:80"
    env = hints.hint("env")
    assert "API_TOKEN=***" in env
    assert "URL=***" in env
    assert "abc" not in env
    assert "u:p" not in env
    assert env.endswith("PATH=/bin")
    assert "x" * 30 not in env
    assert "/cache" in hints.hint("volume")
    assert hints.placeholder("volume") == "data:/cache"
    assert [value for value, _, _ in hints.offers["publish"]] == ["8080:80", "9000:9000"]
    assert [value for value, _, _ in hints.offers["volume"]] == ["cache:/cache"]
    assert "abc" not in str([shown for _, shown, _ in hints.offers["env"]])


def test_many_ports_are_counted_not_listed() -> None:
    hints = image_hints(WireImageConfig(exposed_ports={f"{number}/tcp": {} for number in range(1, 31)}))
    assert "and 22 more" in hints.hint("publish")


@pytest.mark.parametrize(
    "name",
    ["DB_PASSWORD", "PGPASSWORD", "MYSQL_PWD", "SECRET_KEY", "GITHUB_TOKEN", "API_KEY", "apikey", "AUTH", "X_AUTH_Y"],
)
def test_names_that_look_secret(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize("name", ["PATH", "AUTHOR", "PASSENGERS", "KEYBOARD", "MONKEY", "COMPASS", "BYPASS_CACHE"])
def test_names_that_do_not(name: str) -> None:
    assert not looks_secret(name)


def test_the_history_masks_what_looks_secret_and_nothing_else() -> None:
    spec = spec_from({"image": "x", "env": ["A=1", "TOKEN=abc", "DSN=postgres://me:pw@h/d", "NAMES=a=b"]})
    assert docker_line(spec, hide=looks_secret) == "docker run -e A=1 -e 'TOKEN=***' -e 'DSN=***' -e NAMES=a=b x"


def test_values_become_a_spec() -> None:
    values = {
        "image": " busybox ", "name": "web", "command": "sh -c 'echo  hi'", "publish": ["80:80 "], "env": ["A= b "],
        "volume": ["data:/data"], "label": ["a=b"], "restart": "always", "network": ["host"], "rm": False,
        "tty": True, "interactive": True, "entrypoint": "''",
        OTHER: ["--blkio-weight 300 --annotation=a=b", "-a stdin"],
    }  # fmt: skip
    spec = spec_from(values)
    assert (spec.image, spec.command) == ("busybox", ("sh", "-c", "echo  hi"))
    assert spec.options == {
        "name": ("web",), "publish": ("80:80",), "env": ("A= b ",), "volume": ("data:/data",), "label": ("a=b",),
        "restart": ("always",), "network": ("host",), "tty": ("true",), "interactive": ("true",), "entrypoint": ("",),
        "blkio-weight": ("300",), "annotation": ("a=b",), "attach": ("stdin",),
    }  # fmt: skip


@given(st.lists(st.text(max_size=8), max_size=4), st.lists(st.text(st.characters(exclude_characters="\0"), min_size=1)))
def test_any_words_come_back_from_the_line_as_they_were(words: list[str], env: list[str]) -> None:
    spec = spec_from({"image": "x", "command": shlex.join(words), "env": env})
    assert spec.command == tuple(words)
    assert shlex.split(docker_line(spec))[-len(words) - 1 :] == ["x", *words]


def test_every_option_has_a_field_or_goes_with_the_others() -> None:
    assert set(FIELDS) - set(FLAGS) == {"image", "command", OTHER}
    for name, flag in FLAGS.items():
        value = "true" if not flag.takes_value else "x"
        spec = RunSpec("busybox", options={name: (value,)})
        assert spec_from(values_of(spec)) == spec, name


def test_an_option_with_a_field_is_none_of_the_others() -> None:
    check = check_of(OTHER)
    assert check is not None
    assert check("--memory 5m") == "--memory has a field of its own: Memory"
    assert "unknown" in (check("--nosuch") or "")
    assert "is no option" in (check("busybox") or "")
    assert check("--blkio-weight 300") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [("", None), ("''", None), ("/bin/sh", None), ("'a b'", None), ("sh -c", "one word"), ("'x", "quot")],
)
def test_an_entrypoint_is_one_word(text: str, words: str | None) -> None:
    check = check_of("entrypoint")
    assert check is not None
    found = check(text)
    assert found is None if words is None else words in (found or "")


def test_a_copy_gets_a_name_that_nobody_has() -> None:
    assert free_name("web", ["web"]) == "web-2"
    assert free_name("web-2", ["web", "web-2", "web-3"]) == "web-4"
    assert free_name("web", []) == "web-2"


def test_an_open_quote_is_told() -> None:
    assert check_command("sh -c 'x") is not None
    assert check_command("sh -c 'x'") is None
    assert check_command("") is None


@pytest.mark.parametrize(
    ("text", "good"),
    [("busybox", True), ("f" * 64, True), ("sha256:" + "0" * 64, True), ("06409135fb8a", True), ("", False),
     ("Upper", False), ("a b", False), ("a@sha256:12", False)],
)  # fmt: skip
def test_an_image_is_a_reference_or_an_id(text: str, good: bool) -> None:
    assert (check_image(text) is None) == good


PLACES = {
    'Conflict. The container name "/x" is already in use by container "' + "a" * 64 + '". You have to remove': "name",
    "No such image: nowhere:latest": "image",
    "invalid reference format: repository name (library/X) must be lowercase": "image",
    "driver failed programming external connectivity on endpoint x (1): Bind for 0.0.0.0:80 failed: port is already "
    "allocated": "publish",
    "Ports are not available: exposing port TCP 0.0.0.0:80: listen tcp: bind: address already in use": "publish",
    "network nowhere not found": "network",
    "invalid volume specification: '::'": "volume",
    "Duplicate mount point: /data": "volume",
    "can't create 'AutoRemove' container with restart policy": "restart",
    'failed to create task for container: exec: "nosuch": executable file not found in $PATH: unknown': "command",
    'failed to create shim task: exec: "/opt/network/port": stat /opt/network/port: no such file': "command",
    "no command specified": "command",
    "something else entirely": None,
}


@pytest.mark.parametrize(("message", "place"), PLACES.items())
def test_the_daemons_words_find_their_field(message: str, place: str | None) -> None:
    assert error_place(message) == place


def test_the_holder_of_a_name_is_read_from_the_conflict() -> None:
    assert name_holder(next(iter(PLACES))) == "a" * 64
    assert name_holder("Conflict") is None


def test_a_form_is_remembered_and_the_oldest_makes_room() -> None:
    memory = FormMemory(most=2)
    memory.keep("a", {"x": "1"})
    memory.keep("b", {"x": "2"})
    memory.keep("a", {"x": "3"})
    memory.keep("c", {"x": "4"})
    assert memory.recall("a") == {"x": "3"}
    assert memory.recall("b") is None
    memory.forget("a")
    assert memory.recall("a") is None
    memory.forget("a")


def step(status: str, id: str = "layer", current: int = 0, total: int = 0) -> TransferProgress:
    return TransferProgress(status, id, ProgressDetail(current, total) if total else None)


def test_a_pull_counts_layers_and_bytes() -> None:
    picture = TransferPicture()
    assert (picture.words, picture.fraction) == ("asking the registry", None)
    picture.apply(step("Pulling from library/busybox", "latest"))
    assert picture.words == "asking the registry"
    for layer in ("a", "b"):
        picture.apply(step("Pulling fs layer", layer))
    assert (picture.words, picture.fraction) == ("0 of 2 layers", None)
    picture.apply(step("Downloading", "a", 500_000, 1_000_000))
    assert picture.words == "0 of 2 layers, 500kB of 1MB"
    picture.apply(step("Downloading", "a", 1_200_000, 1_000_000))
    assert picture.fraction == 1.0
    picture.apply(step("Pull complete", "a"))
    picture.apply(step("Already exists", "b"))
    assert (picture.words, picture.fraction) == ("2 of 2 layers, 1.2MB of 1.2MB", 1.0)
    picture.apply(TransferProgress("Status: Downloaded newer image"))
    assert picture.fraction == 1.0
