"""Keys: how a person may write them, which no command can have, and who keeps a key that two want."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.keys import _character_to_key  # pyright: ignore[reportPrivateUsage] the names must be Textual's

from tui import keymap
from tui.commands.registry import BY_ID, default_keys, footer
from tui.keymap import KeymapProblem, names_sent, normalize_key, resolve_keymap
from tui.screens.resource_views import VIEWS
from tui.screens.table_name import TableName

DEFAULTS = {
    "container.stop": ("s",),
    "container.remove": ("d",),
    "container.logs": ("l",),
    "container.exec": ("e",),
    "container.limits": ("m",),
    "image.remove": ("d",),
    "app.quit": ("q",),
    "app.help": ("question_mark", "f1"),
}


@pytest.mark.parametrize(
    "char", [char for char in string.printable if char.isprintable() and char != " "] + ["é", "ß", "§"]
)
def test_characters_have_textuals_names(char: str) -> None:
    assert normalize_key(char) == _character_to_key(char)


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("Esc", "escape"),
        ("PgDn", "pagedown"),
        ("F5", "f5"),
        (" ", "space"),
        ("space", "space"),
        ("ctrl+x", "ctrl+x"),
        ("Ctrl+X", "ctrl+x"),
        ("^x", "ctrl+x"),
        ("shift+a", "A"),
        ("A", "A"),
        ("shift+ctrl+up", "ctrl+shift+up"),
        ("+", "plus"),
        ("ctrl++", "ctrl+plus"),
        ("ctrl+/", "ctrl+slash"),
        ("slash", "slash"),
        (" enter ", "enter"),
        ("del", "delete"),
    ],
)
def test_ways_to_write_a_key(written: str, key: str) -> None:
    assert normalize_key(written) == key


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("entr", "did you mean enter?"),
        ("strg+x", "'strg' is not one of"),
        ("ab", "no key 'ab'"),
        ("", "no key"),
        ("shift+1", "leave it out"),
        ("\x00", "no key"),
        ("f25", "no key"),
        ("ctrl+", "no key"),
    ],
)
def test_what_is_no_key(written: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        normalize_key(written)


def test_keys_that_never_arrive_are_reserved() -> None:
    taken = ("ctrl+a", "ctrl+b", "ctrl+s", "ctrl+q", "ctrl+z", "ctrl+h", "ctrl+i", "ctrl+m", "ctrl+\\")
    for written in taken:
        keys, problems = resolve_keymap(DEFAULTS, {"container.stop": [written]})
        assert keys == DEFAULTS
        (problem,) = problems
        assert (problem.command, problem.key) == ("container.stop", normalize_key(written))
        assert "choose another key" in problem.message


def test_no_changes_change_nothing() -> None:
    assert resolve_keymap(DEFAULTS, {}) == (DEFAULTS, [])


def test_override_replaces_and_empties() -> None:
    keys, problems = resolve_keymap(DEFAULTS, {"container.stop": ["F7", "f7", "x"], "app.help": []})
    assert problems == []
    assert keys == DEFAULTS | {"container.stop": ("f7", "x"), "app.help": ()}


def test_unknown_command_and_unknown_preset() -> None:
    keys, problems = resolve_keymap(DEFAULTS, {"container.stp": ["x"]}, "lazydokcer")
    assert keys == DEFAULTS
    assert list(map(str, problems)) == [
        "there is no keymap 'lazydokcer' (did you mean lazydocker?)",
        "container.stp: there is no such command (did you mean container.stop?)",
    ]


def test_the_users_key_is_taken_from_the_default() -> None:
    keys, problems = resolve_keymap(DEFAULTS, {"container.stop": ["d"]})
    assert keys == DEFAULTS | {"container.stop": ("d",), "container.remove": ()}
    message = "container.stop has this key now; container.remove now has no key"
    assert problems == [KeymapProblem("container.remove", "d", message)]


def test_keys_of_other_scopes_do_not_meet_but_shared_ones_do() -> None:
    keys, problems = resolve_keymap(DEFAULTS, {"image.remove": ["s"]})
    assert (keys["container.stop"], problems) == (("s",), [])
    keys, problems = resolve_keymap(DEFAULTS, {"image.remove": ["f1"]})
    assert keys["app.help"] == ("question_mark",)
    assert [(problem.command, problem.key) for problem in problems] == [("app.help", "f1")]


def test_swap_is_no_conflict() -> None:
    keys, problems = resolve_keymap(DEFAULTS, {"container.stop": ["d"], "container.remove": ["s"]})
    assert problems == []
    assert (keys["container.stop"], keys["container.remove"]) == (("d",), ("s",))


def test_first_of_two_overrides_keeps_the_key() -> None:
    keys, problems = resolve_keymap(DEFAULTS, {"container.stop": ["x"], "container.logs": ["x", "y"]})
    assert (keys["container.stop"], keys["container.logs"]) == (("x",), ("y",))
    assert [(problem.command, problem.key) for problem in problems] == [("container.logs", "x")]


def test_the_users_key_counts_before_the_presets() -> None:
    keys, problems = resolve_keymap(DEFAULTS, {"container.stop": ["m"]}, "lazydocker")
    assert (keys["container.stop"], keys["container.logs"]) == (("m",), ())
    assert [(problem.command, problem.key) for problem in problems] == [("container.logs", "m")]


def test_the_table_of_commands_has_keys_that_arrive() -> None:
    for command, keys in default_keys().items():
        for key in keys:
            assert (normalize_key(key), keymap.key_problem(key)) == (key, None), command


@pytest.mark.parametrize("preset", keymap.PRESETS)
def test_presets_fit_the_table_of_commands(preset: str) -> None:
    assert resolve_keymap(default_keys(), {}, preset)[1] == []


KEYS = st.sampled_from(["s", "d", "l", "x", "y", "q", "ctrl+a", "nonsense", "?", "f1"])
COMMANDS = st.sampled_from([*DEFAULTS, "container.absent"])


@given(st.dictionaries(COMMANDS, st.lists(KEYS, max_size=3)), st.sampled_from([*keymap.PRESETS, "absent"]))
def test_no_key_ever_has_two_commands_in_a_scope(overrides: dict[str, list[str]], preset: str) -> None:
    keys, problems = resolve_keymap(DEFAULTS, overrides, preset)
    assert list(keys) == list(DEFAULTS)
    for one, other in ((one, other) for one in keys for other in keys if one < other):
        if keymap.scope_of(one) == keymap.scope_of(other) or "app" in (keymap.scope_of(one), keymap.scope_of(other)):
            assert not set(keys[one]) & set(keys[other]), (one, other)
    lost = {(problem.command, problem.key) for problem in problems}
    for command, default in DEFAULTS.items():
        if command not in overrides and command not in keymap.PRESETS.get(preset, {}):
            assert all(key in keys[command] or (command, key) in lost for key in default)


def test_a_key_means_one_thing_in_each_table() -> None:
    scopes: dict[str, list[tuple[str, str]]] = {}
    for command in BY_ID.values():
        for key in command.keys:
            scopes.setdefault(key, []).append((command.scope, command.id))
    for key, meant in scopes.items():
        at = [scope for scope, _ in meant]
        assert len(set(at)) == len(at), f"{key}: {meant}"
        assert "app" not in at or len(at) == 1, f"{key}: {meant}"


@pytest.mark.parametrize("scope", [view.name for view in VIEWS])
def test_no_two_hints_of_a_footer_have_the_same_word(scope: TableName) -> None:
    words = [command.short for command in footer(scope)]
    assert len(words) == len(set(words)), sorted(word for word in words if words.count(word) > 1)


def test_ctrl_space_is_what_terminals_send_for_it() -> None:
    assert normalize_key("ctrl+@") == normalize_key("Ctrl+Space") == "ctrl+space"
    assert names_sent(["ctrl+space", "x"]) == ["ctrl+space", "ctrl+@", "x"]
