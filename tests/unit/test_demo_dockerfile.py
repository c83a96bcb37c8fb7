"""The Dockerfile parser of the demo engine, in the daemon's words."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.demo.dockerfile import DockerfileError, arguments, expand, pairs, parse


def test_stages_flags_and_continuations() -> None:
    text = "ARG TAG=1\n# note\nFROM busybox:$TAG AS one\nRUN echo a \\\n  # inside\n  && echo b\n"
    text += "FROM one\nCOPY --from=one --chmod=755 /a /b\n"
    parsed = parse(text, {"TAG": "2"})
    assert [(s.base, s.name) for s in parsed.stages] == [("busybox:2", "one"), ("one", "")]
    assert parsed.stages[0].instructions[0].value == "echo a && echo b"
    copy = parsed.stages[1].instructions[0]
    assert (copy.flags, copy.value, copy.line) == ({"from": "one", "chmod": "755"}, "/a /b", 8)
    assert parsed.find("ONE") is parsed.stages[0]
    assert parsed.find("1") is parsed.stages[1]


def test_heredocs_belong_to_their_instruction() -> None:
    parsed = parse("FROM a\nRUN <<EOF\necho 1\necho 2\nEOF\nCOPY <<-X /f\n\ttext\n\tX\n")
    run, copy = parsed.stages[0].instructions
    assert run.heredocs == [("EOF", "echo 1\necho 2\n")]
    assert copy.heredocs == [("X", "text\n")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the Dockerfile (Dockerfile) cannot be empty"),
        ("RUN x\n", "no build stage in current context"),
        ("FROM a\nFOO x\n", "dockerfile parse error on line 2: unknown instruction: FOO (did you mean FROM?)"),
        ("FROM a\nqwertz x\n", "dockerfile parse error on line 2: unknown instruction: qwertz"),
        ("FROM a\nfrom\n", "dockerfile parse error on line 2: FROM requires either one or three arguments"),
        ("FROM a\nENV A\n", "ENV must have two arguments"),
        (
            "FROM a\nCOPY a\n",
            "dockerfile parse error on line 2: COPY requires at least two arguments, but only one was provided. "
            "Destination could not be determined",
        ),
    ],
)
def test_errors(text: str, words: str) -> None:
    with pytest.raises(DockerfileError) as failed:
        parse(text)
    assert str(failed.value) == words


def test_arguments_pairs_and_expansion() -> None:
    assert pairs("A=1 B='two words'") == {"A": "1", "B": "two words"}
    assert pairs("A all the rest") == {"A": "all the rest"}
    assert arguments("A B=1") == {"A": None, "B": "1"}
    assert expand(r"$A ${B:-d} ${A:+x} \$A", {"A": "1"}) == "1 d x $A"


@given(st.text(max_size=80))
def test_no_text_breaks_the_parser(text: str) -> None:
    # Any other exception fails the test.
    with contextlib.suppress(DockerfileError):
        assert parse(text).stages


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffFROM a\nRUN echo foo\\\\\nRUN two\n",
        "# check=skip=all\n# ESCAPE=`\nFROM a\nRUN one `\t\n  && more\nRUN two\n",
        "FROM a\r\nRUN <<my-x.sh\r\necho\r\nmy-x.sh\r\nRUN two\r\n",
        'FROM a\nRUN echo "<<EOF" $((1<<2)) <<<E\nRUN two\n',
        "FROM a\nONBUILD RUN <<EOF\nRUN no\nEOF\nRUN two\n",
    ],
)
def test_odd_lines_are_read_as_real_builders_do(text: str) -> None:
    first, second = parse(text).stages[0].instructions
    assert first.name in ("RUN", "ONBUILD")
    assert (second.value, second.line) == ("two", text.split("two")[0].count("\n") + 1)
