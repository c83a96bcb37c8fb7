"""The images that a build may fetch, as the builders make out their names, and how they read words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model.build_spec import offer_of
from tui.model.dockerfile_images import bases_of, registries_of
from tui.model.dockerfile_words import MOST_VALUE, expand, heredocs_of, words_of

BASES: dict[str, tuple[str, list[str]]] = {
    "declared again in a stage": (
        "ARG V=3.12\nFROM r1.test/python:$V\nARG V\nFROM r2.test/python:${V}-slim\n",
        ["r1.test/python:3.12", "r2.test/python:3.12-slim"],
    ),
    "several in a line": ("ARG R=reg.test V=1\nFROM $R/a:$V\n", ["reg.test/a:1"]),
    "a default in the name": ("FROM ${R:-reg.corp.test:5000}/a\n", ["reg.corp.test:5000/a"]),
    "a default with another": ("ARG V=1\nARG B=reg.test/app:${V}\nFROM $B\n", ["reg.test/app:1"]),
    "changed in a stage": ("ARG V=1\nFROM a\nARG V=2\nFROM b:$V\n", ["a", "b:1"]),
    "without a default later": ("ARG V=1\nARG V\nFROM b:x$V\n", ["b:x1"]),
    "set or not": ("ARG V=1\nFROM b:x${V+set}${W-unset}${V:+set}${W:+no}\n", ["b:xsetunsetset"]),
    "in each other": ("ARG A=${B:-in.test/${C:-c}}\nFROM $A\n", ["in.test/c"]),
    "cut": ("ARG V=1.2.3\nFROM b:${V%.*}-${V##*.}-${V/./_}\n", ["b:1.2-3-1_2.3"]),
    "quoted": ('ARG W="a$V" V=\'1\'\nFROM "b:${W}$V"\n', ["b:a1"]),
    "a stage's name in a RUN": ("FROM a\nRUN echo as b.test/two\nFROM b.test/two\n", ["a", "b.test/two"]),
    "stages": ("ARG B=ONE\nFROM a AS one\nFROM $B AS two\nFROM Two\nFROM scratch\n", ["a"]),
    "a stage called as its image": ("FROM a AS a\nFROM a\n", ["a"]),
}
"""What Engine 28.5 looked for, and 20.10 where it knows the syntax, with both builders."""


@pytest.mark.parametrize("name", BASES)
def test_the_bases(name: str) -> None:
    text, images = BASES[name]
    assert list(bases_of(text, {}).values()) == images


def test_a_base_is_known_by_the_name_in_the_dockerfile_even_if_another_is_the_same_image() -> None:
    assert bases_of("ARG B=a\nFROM a\nFROM $B\n", {}) == {"a": "a", "$B": "a"}


def test_what_is_given_counts_where_it_is_declared_before_the_first_stage() -> None:
    text = "ARG R=one.test\nARG I=$R/i\nFROM $I\nARG X\nFROM b:${X:-none}\n"
    assert list(bases_of(text, {"R": "two.test", "X": "given"}).values()) == ["two.test/i", "b:none"]


def test_the_registries() -> None:
    text = "ARG R=one.test\nFROM $R/a:$TARGETARCH AS s\nCOPY --from=two.test/b /x /x\nCOPY --from=0 /x /y\n"
    text += "RUN --mount=type=bind,from=three.test/c,target=/c x --from=no.test/x\nCOPY --from=s /x /z\n"
    text += "ONBUILD COPY --from=later.test/d /x /x\nFROM --platform=$BUILDPLATFORM four.test:5000/e\n"
    assert registries_of(text, {}) == {"one.test", "two.test", "three.test", "four.test:5000"}
    assert registries_of("FROM busybox", {}) == {""}


def test_words_here_documents_and_values() -> None:
    assert words_of(r"""a 'b c'd "e \" f" g\ h""") == ["a", "'b c'd", r'"e \" f"', r"g\ h"]
    assert words_of("it's") == []
    assert [(one.name, one.chomp) for one in heredocs_of("RUN c <<A 3<<-'B C' <<<D <<")] == [
        ("A", False),
        ("B C", True),
    ]
    assert expand(r"""\$A '$A' "$A" ${A} $ $A.x ${A:?must}""", {"A": "1"}) == "$A $A 1 1 $ 1.x 1"
    assert expand("${A//a/o}${A#b*}${A%%n*}", {"A": "banana"}) == "bononoananaba"


def test_values_that_name_each_other_do_not_grow_without_end() -> None:
    text = "ARG A0=aaaaaaaa\n" + "".join(f"ARG A{n}={f'$A{n - 1}' * 8}\n" for n in range(1, 30)) + "FROM x$A29\n"
    assert bases_of(text, {}) == {}
    assert len(expand("$A" * 100, {"A": "b" * 100})) == MOST_VALUE
    assert expand("${A:-" * 5_000, {}) == ""


@given(st.text(alphabet="aA$_{}:-+#%/*'\"\\ <", max_size=40))
def test_any_text_can_be_expanded(text: str) -> None:
    assert len(expand(text, {"a": "b", "A": ""})) <= MOST_VALUE
    assert expand(text, {}, keep=True).count("$") <= text.count("$")
    assert all(word and not word.isspace() for word in words_of(text))


def test_what_is_offered_is_unquoted() -> None:
    assert offer_of("ARG A='x y' B=\"$A\" C\nFROM a AS One\nFROM b\n").arguments == {"A": "x y", "B": "$A", "C": ""}
