"""The challenges of registries, as they come and as they should not."""

from hypothesis import given
from hypothesis import strategies as st

from tui.engine.registry_auth import parse_challenges


def test_a_token_service_and_a_name() -> None:
    text = 'Bearer realm="https://auth.example/token?a=b",service="reg, istry",scope="repository:a/b:pull,push"'
    (bearer,) = parse_challenges(text)
    assert bearer.scheme == "bearer"
    assert bearer.parameters == {
        "realm": "https://auth.example/token?a=b",
        "service": "reg, istry",
        "scope": "repository:a/b:pull,push",
    }
    both = parse_challenges('Basic realm="x", Bearer realm="y\\"z", error=none')
    assert [(each.scheme, each.parameters["realm"]) for each in both] == [("basic", "x"), ("bearer", 'y"z')]


def test_nothing_and_nonsense() -> None:
    assert parse_challenges("") == []
    assert parse_challenges("=,=") == []
    assert parse_challenges("Negotiate")[0].scheme == "negotiate"


@given(st.text(max_size=400))
def test_any_text_ends(text: str) -> None:
    for challenge in parse_challenges(text):
        assert challenge.scheme


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.text('abc \\"=,:/', max_size=20), max_size=4))
def test_what_is_quoted_comes_back(parameters: dict[str, str]) -> None:
    def quoted(value: str) -> str:
        return value.replace("\\", "\\\\").replace('"', '\\"')

    text = "Bearer " + ",".join(f'{key}="{quoted(value)}"' for key, value in parameters.items())
    (found,) = parse_challenges(text)
    assert found.parameters == parameters
