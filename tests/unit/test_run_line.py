"""The `docker run` line: what is read from it, what is told at which place, and that it comes back as it was."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model.run_flags import FLAGS
from tui.model.run_line import docker_line, looks_like_run, option_lines, parse_option_line, parse_run_line
from tui.model.run_spec import RunSpec, check_run, run_spec
from tui.model.shell_line import place
from tui.present.run_form import spec_from, values_of

VALUES = {
    "name": ["web", "a-b.c"], "attach": ["stdin", "STDOUT"], "restart": ["always", "on-failure:3"],
    "pull": ["always", "never"], "platform": ["linux/arm64", "linux/arm/v7"], "entrypoint": ["", "sh", "/a b"],
    "workdir": ["/srv", "/a b"], "user": ["1000:1000", "www-data"], "group-add": ["audio", "44"],
    "stop-signal": ["SIGINT", "9"], "stop-timeout": ["3", "-1"],
    "publish": ["80", "8080:80", "127.0.0.1::53/udp", "[::1]:80-81:80-81"], "expose": ["80", "7000-7001/udp"],
    "network": ["host", "mine", "container:web", "name=mine,alias=a,ip=10.0.0.2"], "network-alias": ["db"],
    "hostname": ["hal"], "domainname": ["lan"], "ip": ["10.0.0.9"], "ip6": ["2001:db8::1"],
    "link-local-ip": ["169.254.1.1"], "mac-address": ["02:11:22:33:44:55"], "dns": ["1.1.1.1", "::1"],
    "dns-search": ["example.com", "."], "dns-option": ["ndots:2"], "add-host": ["a:1.2.3.4", "b=host-gateway"],
    "link": ["db", "db:alias"], "env": ["A=", "A=b c ", "KEY", "X='\"$`\\\n"], "env-file": [".env"],
    "volume": ["/data", "data:/data:ro", "/a b:/c"], "mount": ["type=tmpfs,target=/run", 'type=bind,"src=/a,b",dst=/c'],
    "tmpfs": ["/run", "/run:size=64m"], "volumes-from": ["web:ro"], "volume-driver": ["local"], "shm-size": ["1g"],
    "storage-opt": ["size=1g"], "memory": ["512m", "0"], "memory-reservation": ["64m"], "memory-swap": ["-1", "1g"],
    "memory-swappiness": ["0", "-1"], "kernel-memory": ["64m"], "oom-score-adj": ["-500"], "cpus": ["1.5", ".5"],
    "cpu-shares": ["512"], "cpu-period": ["50000"], "cpu-quota": ["-1", "25000"], "cpu-rt-period": ["1"],
    "cpu-rt-runtime": ["1"], "cpuset-cpus": ["0-3,5"], "cpuset-mems": ["0"], "pids-limit": ["-1", "99"],
    "ulimit": ["nofile=1024:2048", "core=0"], "blkio-weight": ["300"], "blkio-weight-device": ["/dev/sda:200"],
    "device-read-bps": ["/dev/sda:1mb"], "device-write-bps": ["/dev/sda:1mb"], "device-read-iops": ["/dev/sda:100"],
    "device-write-iops": ["/dev/sda:100"], "gpus": ["all", '"device=0,2"'],
    "device": ["/dev/dri", "/dev/a:/dev/b:r", "vendor.com/gpu=all"], "device-cgroup-rule": ["c 1:* rwm"],
    "health-cmd": ["true || exit 1", "a 'b' "], "health-interval": ["1m30s"], "health-timeout": ["500ms"],
    "health-retries": ["3"], "health-start-period": ["0"], "health-start-interval": ["5s"], "cap-add": ["ALL"],
    "cap-drop": ["net_raw", "CAP_CHOWN"], "security-opt": ["no-new-privileges", "seccomp=unconfined", "label:disable"],
    "userns": ["host"], "cgroupns": ["private"], "cgroup-parent": ["/x"], "ipc": ["host", "container:a"],
    "pid": ["host"], "uts": ["host"], "runtime": ["runc"], "sysctl": ["net.core.somaxconn=1024"],
    "log-driver": ["local"], "log-opt": ["max-size=10m", "labels"], "label": ["a", "a=b c", "-x=y"],
    "label-file": ["labels"], "annotation": ["a=b"], "isolation": ["default"], "cpu-count": ["2"],
    "cpu-percent": ["50"], "io-maxbandwidth": ["1m"], "io-maxiops": ["100"],
}  # fmt: skip


def test_every_option_has_examples_that_its_check_takes() -> None:
    assert set(VALUES) == {name for name, flag in FLAGS.items() if flag.takes_value}
    for name, values in VALUES.items():
        check = FLAGS[name].check
        assert check is not None, name
        assert [check(value) for value in values if value] == [None] * len([value for value in values if value]), name


@st.composite
def specs(draw: st.DrawFn) -> RunSpec:
    """Any container whose options are faultless by themselves."""
    options: dict[str, tuple[str, ...]] = {}
    for name in draw(st.sets(st.sampled_from(sorted(FLAGS)), max_size=12)):
        flag = FLAGS[name]
        if flag.kind == "list":
            options[name] = tuple(draw(st.lists(st.sampled_from(VALUES[name]), min_size=1, max_size=3)))
        elif flag.kind == "text":
            options[name] = (draw(st.sampled_from(VALUES[name])),)
        else:
            options[name] = (draw(st.sampled_from(("true", "false") if flag.kind == "either" else ("true",))),)
    visible = st.text(st.characters(exclude_characters="\0"), max_size=8)
    if draw(st.booleans()):
        options["env"] = (*options.get("env", ()), "X=" + draw(visible))
    command = tuple(draw(st.lists(visible, max_size=4)))
    return run_spec(draw(st.sampled_from(("busybox", "a/b:c", "localhost:5000/x", "-odd"))), command, options)


@given(specs())
def test_a_spec_comes_back_from_its_line(spec: RunSpec) -> None:
    parsed = parse_run_line(docker_line(spec))
    assert parsed.problems == ()
    assert parsed.spec == spec


@given(specs())
def test_a_spec_comes_back_from_the_form(spec: RunSpec) -> None:
    assert spec_from(values_of(spec)) == spec


@given(specs())
def test_the_form_and_the_line_lead_to_each_other(spec: RunSpec) -> None:
    values = values_of(spec)
    parsed = parse_run_line(docker_line(spec_from(values)))
    assert parsed.spec is not None
    assert values_of(parsed.spec) == values


@given(specs())
def test_other_options_come_back_from_their_lines(spec: RunSpec) -> None:
    found: dict[str, tuple[str, ...]] = {}
    for line in option_lines(spec, spec.options):
        options, problem = parse_option_line(line)
        assert problem is None
        for name, values in options.items():
            found[name] = (*found.get(name, ()), *values)
    assert found == spec.options


LINE = "docker run -d --name web -p 80:80 -e A=b nginx nginx -g 'daemon off;'"
SPEC = RunSpec(
    "nginx",
    ("nginx", "-g", "daemon off;"),
    {"detach": ("true",), "name": ("web",), "publish": ("80:80",), "env": ("A=b",)},
)


@pytest.mark.parametrize(
    "line",
    [
        LINE,
        LINE.replace("run", "container run"),
        LINE.replace("run", "create"),
        f"$ sudo {LINE}",
        f"  # {LINE}",
        f"sudo -E -u root {LINE}",
        LINE.replace("docker", "podman"),
        LINE.replace("docker", "/usr/bin/docker"),
        LINE.replace(" -", " \\\n    -"),
        LINE.replace(" -", " \\\r\n    -"),
        LINE.replace("-d --name web", "--detach=true --name=web"),
        LINE.replace("-p 80:80 -e A=b", "-p80:80 -e=A=b"),
        LINE.replace("-d", "-dP=false"),
        f"{LINE} # and so on",
        f"#!/bin/sh\n# a comment\n{LINE}\n",
    ],
)
def test_the_ways_a_line_is_written(line: str) -> None:
    parsed = parse_run_line(line)
    assert parsed.spec == SPEC
    assert not any(problem.fatal for problem in parsed.problems)
    assert looks_like_run(line)


@pytest.mark.parametrize(
    ("line", "line_number", "column", "part", "fatal"),
    [
        ("docker run \\\n  --volme a:/b x", 2, 3, "--volme is unknown: did you mean --volume?", True),
        ("docker run --nosuch x", 1, 12, "docker run has no such option", True),
        ("docker run -Z x", 1, 12, "-Z is unknown", True),
        ("docker run -d --name a --name b x", 1, 31, "--name is given twice, first as 'a'", False),
        ("docker run -d -d x", 1, 15, "--detach is given twice", False),
        ("docker run -e 'A=b x", 1, 15, "this quote is never closed", True),
        ("docker run -v $(pwd):/x x", 1, 15, "$(pwd) would be run by a shell, never by this", False),
        ("docker run -m lots x", 1, 15, "--memory: 'lots' is not a size", True),
        ("docker run --rm=maybe x", 1, 12, "neither true nor false", True),
        ("docker run -p", 1, 12, "-p needs a value", True),
        ("docker run -d", 1, 14, "the image is missing", True),
        ("docker run -e '' x", 1, 15, "--env needs a value", True),
        ("docker run -q x", 1, 12, "-q is left out", False),
        ("docker run --cidfile /tmp/x x", 1, 12, "--cidfile is left out: it writes a file", False),
        ("docker -H tcp://a run x", 1, 8, "it runs on the host that is shown here", False),
        ("A=b docker run x", 1, 1, "A=b is a shell's", False),
        ("docker pull x && docker run x", 1, 1, "docker pull x is left out: it is no docker run", False),
        ("docker run x; docker run y", 1, 15, "a second command", False),
        ("docker run x | tee log", 1, 14, "a pipe", False),
        ("hello", 1, 1, "there is no docker run in it", True),
    ],
)
def test_what_is_wrong_is_told_at_its_place(line: str, line_number: int, column: int, part: str, fatal: bool) -> None:
    found = parse_run_line(line).problems
    told = [(*place(line, problem.start), problem.fatal) for problem in found if part in problem.message]
    assert told == [(line_number, column, fatal)], found


def test_what_follows_an_unknown_option_is_still_understood() -> None:
    parsed = parse_run_line("docker run --pod mine -p 80:80 --volme a:/b --name web nginx --volme x")
    assert parsed.spec is not None
    assert (parsed.spec.image, parsed.spec.one("name"), parsed.spec.all("publish")) == ("nginx", "web", ("80:80",))
    assert parsed.spec.command == ("--volme", "x")


def test_nothing_in_a_line_is_run(tmp_path: object) -> None:
    line = f"docker run -v $(touch {tmp_path}/run):/x -e `touch {tmp_path}/run` -e $PATH x"
    spec = parse_run_line(line).spec
    assert spec is not None
    assert spec.all("volume") == (f"$(touch {tmp_path}/run):/x",)
    assert spec.all("env") == (f"`touch {tmp_path}/run`", "$PATH")
    assert f"'$(touch {tmp_path}/run):/x'" in docker_line(spec)


def test_a_line_that_creates_has_no_detach() -> None:
    spec = RunSpec("x", options={"detach": ("true",), "name": ("a",)})
    assert docker_line(spec) == "docker run -d --name a x"
    assert docker_line(spec, command=("docker", "create")) == "docker create --name a x"


def test_the_line_can_mask_secrets() -> None:
    spec = RunSpec("x", options={"env": ("PASSWORD=hunter2", "A=b c"), "label": ("token=abc",)})
    line = docker_line(spec, hide=lambda name, value: name in ("PASSWORD", "token"))
    assert "hunter2" not in line
    assert "abc" not in line
    assert "'A=b c'" in line


@given(st.text(alphabet="docker run-ptev=:/ '\"$(){}`\\\n#;|x80", max_size=60))
def test_any_text_is_read_without_harm(text: str) -> None:
    for line in (text, f"docker run {text}"):
        parsed = parse_run_line(line)
        for problem in parsed.problems:
            assert 0 <= problem.start <= problem.end <= len(line)
        if parsed.spec is not None:
            check_run(parsed.spec)
            again = parse_run_line(docker_line(parsed.spec))
            assert again.spec == parsed.spec


CONFLICTS = [
    ("--rm --restart always", "restart"),
    ("--no-healthcheck --health-cmd true", "health-cmd"),
    ("-d -a stdin", "attach"),
    ("--log-driver none --log-opt a=b", "log-opt"),
    ("--network a --network a", "network"),
    ("--network a --network host", "network"),
    ("--network bridge --network a", "network"),
    ("--network-alias a", "network-alias"),
    ("--network host --ip 1.2.3.4", "ip"),
    ("--network container:a -p 80:80", "publish"),
    ("--network container:a --hostname b", "hostname"),
]


@pytest.mark.parametrize(("options", "name"), CONFLICTS)
def test_options_that_exclude_each_other_are_told_at_one_of_them(options: str, name: str) -> None:
    spec = parse_run_line(f"docker run {options} busybox").spec
    assert spec is not None
    assert list(check_run(spec)) == [name]


def test_a_line_without_a_run_is_none() -> None:
    assert not looks_like_run("docker ps")
    assert not looks_like_run("echo run docker")
    assert looks_like_run("x && sudo docker --context a run b")
    assert shlex.split(docker_line(SPEC)) == shlex.split(LINE)
