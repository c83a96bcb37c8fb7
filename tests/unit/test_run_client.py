"""What the client brings to a line: files of variables, variables of its own, paths that count from its folder."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model.run_client import Client, ClientProblem, parse_file, resolved
from tui.model.run_line import parse_run_line
from tui.model.run_options import InvalidOption
from tui.model.run_spec import RunSpec

FILES = {
    "a.env": b"\xef\xbb\xbfA=1\r\n# no\n\n  B= two \nHOME\nNOWHERE\n",
    "labels": b"one=1\ntwo\n",
    "bad.env": b"A=1\nB C=2\n",
    "profile.json": b'{"a": [1, 2]}',
    "broken.json": b"{",
}


def read(path: str) -> bytes:
    if path not in FILES:
        raise FileNotFoundError(2, "No such file or directory", path)
    return FILES[path]


CLIENT = Client(
    "/home/ada/web", {"HOME": "/home/ada", "B": "own"}, read, lambda pattern: [pattern[:-1] + "0", "/dev/x1"]
)


def spec_of(line: str) -> RunSpec:
    spec = parse_run_line(f"docker run {line} busybox").spec
    assert spec is not None
    return spec


@pytest.mark.parametrize(
    ("line", "name", "values"),
    [
        ("--env-file a.env -e C=3", "env", ("A=1", "B= two ", "HOME=/home/ada", "C=3")),
        ("-e B -e NOWHERE -e D=", "env", ("B=own", "NOWHERE", "D=")),
        ("--label-file labels -l three=3", "label", ("one=1", "three=3")),
        ("-v ./x:/x -v .:/y:ro -v ../z:/z -v data:/d -v /a:/b", "volume",
         ("/home/ada/web/x:/x", "/home/ada/web:/y:ro", "/home/ada/z:/z", "data:/d", "/a:/b")),
        ("--mount type=bind,src=./x,dst=/x,ro", "mount", ("type=bind,source=/home/ada/web/x,dst=/x,ro",)),
        ("--mount type=volume,src=data,dst=/x", "mount", ("type=volume,src=data,dst=/x",)),
        ("--security-opt seccomp=profile.json --security-opt seccomp=unconfined", "security-opt",
         ('seccomp={"a":[1,2]}', "seccomp=unconfined")),
        ("--device '/dev/x*:r' --device /dev/y", "device", ("/dev/x0:/dev/x0:r", "/dev/x1:/dev/x1:r", "/dev/y")),
    ],
)  # fmt: skip
def test_what_the_client_brings(line: str, name: str, values: tuple[str, ...]) -> None:
    found = resolved(spec_of(line), CLIENT)
    assert found.all(name) == values
    assert not found.all("env-file")
    assert not found.all("label-file")


@pytest.mark.parametrize(
    ("line", "option", "words"),
    [
        ("--env-file missing.env", "env-file", "missing.env: No such file"),
        ("--env-file bad.env", "env-file", "bad.env, line 2: the name 'B C' holds a blank"),
        ("--label-file missing", "label-file", "No such file"),
        ("--security-opt seccomp=missing.json", "security-opt", "No such file"),
        ("--security-opt seccomp=broken.json", "security-opt", "broken.json is not JSON"),
    ],
)
def test_what_is_missing_is_told_with_its_option(line: str, option: str, words: str) -> None:
    with pytest.raises(ClientProblem) as caught:
        resolved(spec_of(line), CLIENT)
    assert caught.value.option == option
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("data", "words"), [(b"=x", "line 1: the name is missing"), (b"A=1\n\xff", "line 2: it is not UTF-8"),
                        (b"A=" + b"x" * 70_000, "line 1: longer")]
)  # fmt: skip
def test_a_file_that_is_none_says_where(data: bytes, words: str) -> None:
    with pytest.raises(InvalidOption, match=words):
        parse_file(data, {})


@given(st.binary(max_size=60))
def test_any_file_is_read_or_refused(data: bytes) -> None:
    try:
        lines = parse_file(data, {})
    except InvalidOption as error:
        assert str(error).startswith("line ")  # noqa: PT017 - the words are what is tested
    else:
        assert all("=" in line for line in lines)
