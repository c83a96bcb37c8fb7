"""Forms: checks as it is typed, keys, dirty tracking, what is kept, path completion, and the search bar."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.app import App, ComposeResult

from widgets.choice_fields import ChoiceField, ToggleField
from widgets.fields import Field, FieldValue, ListField, TextField
from widgets.form import Form
from widgets.path_field import PathField, check_file, check_folder, complete
from widgets.search_bar import SearchBar


def letters(text: str) -> str | None:
    return None if text.isalnum() else "only letters and digits [/]"


def port(text: str) -> str | None:
    return None if ":" in text else "no colon"


def fields() -> list[Field]:
    return [
        TextField("Name", "name", "web", "[red]any", letters, "how it is called"),
        ListField("Ports", "ports", ["80:80"], check=port),
        ChoiceField("Network", "net", [("b", "bridge"), ("h", "host")]),
        ToggleField("Init", "init", text="run an init"),
        TextField("Last", "last"),
    ]


class Forms(App[None]):
    def __init__(self, made: list[Field]) -> None:
        super().__init__()
        self.form = Form(made)
        self.sent: list[dict[str, FieldValue]] = []
        self.cancelled: list[bool] = []
        self.changes = 0

    def compose(self) -> ComposeResult:
        yield self.form

    def on_mount(self) -> None:
        self.form.focus_first()

    def on_form_submitted(self, event: Form.Submitted) -> None:
        self.sent.append(event.values)

    def on_form_cancelled(self, event: Form.Cancelled) -> None:
        self.cancelled.append(event.form.is_dirty)

    def on_form_changed(self) -> None:
        self.changes += 1


def shown(app: App[Any]) -> str:
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


async def test_enter_goes_on_and_sends_from_the_last_field() -> None:
    app = Forms(fields())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2", "enter")
        assert app.focused is app.form.field("ports").editor
        await pilot.press("tab", "right", "enter", "space", "enter", *"x y", "enter")
        await pilot.pause()
        assert app.sent == [{"name": "web2", "ports": ["80:80"], "net": "h", "init": True, "last": "x y"}]
        assert app.changes == 6


async def test_a_fault_is_told_as_it_is_typed_and_not_before() -> None:
    app = Forms([TextField("Name", "name", "", check=letters)])
    async with app.run_test() as pilot:
        assert app.form.first_error() == ("name", "only letters and digits [/]")
        assert "only letters" not in shown(app)
        await pilot.press("minus")
        await pilot.pause()
        assert "✗ only letters and digits [/]" in shown(app)
        await pilot.press("backspace", "a")
        await pilot.pause()
        assert "only letters" not in shown(app)
        assert app.form.first_error() is None


async def test_sending_goes_to_the_first_fault_and_names_the_item() -> None:
    app = Forms(fields())
    async with app.run_test() as pilot:
        await pilot.press("tab", "end", "enter", *"8080", "tab", "f2")
        await pilot.pause()
        assert app.sent == []
        assert app.focused is app.form.field("ports").editor
        assert "line 2, 8080: no colon" in shown(app)
        await pilot.press(*":80", "f2")
        await pilot.pause()
        assert app.sent[0]["ports"] == ["80:80", "8080:80"]


async def test_a_fault_found_elsewhere_stands_until_the_next_change() -> None:
    app = Forms(fields())
    async with app.run_test() as pilot:
        app.form.show_error("last", "the daemon says [red]no")
        await pilot.pause()
        assert "the daemon says [red]no" in shown(app)
        assert app.focused is app.form.field("last").editor
        await pilot.press("x")
        await pilot.pause()
        assert "the daemon says" not in shown(app)


async def test_leaving_tells_if_something_would_be_lost() -> None:
    app = Forms(fields())
    async with app.run_test() as pilot:
        await pilot.press("escape", "x", "escape", "backspace", "escape")
        await pilot.pause()
        assert app.cancelled == [False, True, False]


async def test_what_cannot_be_edited_is_kept() -> None:
    made: list[Field] = [
        TextField("A", "a", "tab\there\x1b[31m"),
        ListField("B", "b", ["K=two\nlines", "C=1"]),
        ChoiceField("C", "c", [("x", "x")], "unknown"),
    ]
    app = Forms(made)
    async with app.run_test() as pilot:
        assert not {"\x1b", "\t"} & set(shown(app))
        await pilot.press("f2")
        await pilot.pause()
        assert app.sent == [{"a": "tab\there\x1b[31m", "b": ["K=two\nlines", "C=1"], "c": "unknown"}]
        assert not app.form.is_dirty


async def test_new_values_are_the_new_beginning() -> None:
    made = fields()
    app = Forms(made)
    async with app.run_test() as pilot:
        await pilot.press("x")
        name, ports = made[0], made[1]
        assert isinstance(name, TextField)
        assert isinstance(ports, ListField)
        name.set_value("other")
        ports.set_value(["1:1", "2:2"])
        await pilot.pause()
        assert app.form.values()["name"] == "other"
        assert app.form.values()["ports"] == ["1:1", "2:2"]
        assert not app.form.is_dirty


async def test_pasted_lines_are_joined() -> None:
    app = Forms([TextField("Line", "line")])
    async with app.run_test() as pilot:
        from textual.events import Paste

        assert app.focused is not None
        app.focused.post_message(Paste("docker run \\\n  -d\tweb\n"))
        await pilot.pause()
        assert app.form.values()["line"] == "docker run   -d web"


@pytest.mark.parametrize("size", [(1, 1), (40, 10), (80, 24)])
async def test_every_field_can_be_reached_at_every_size(size: tuple[int, int]) -> None:
    app = Forms(fields())
    async with app.run_test(size=size) as pilot:
        met = []
        for _ in range(5):
            met.append(app.focused)
            await pilot.press("tab")
        assert met == [app.form.field(name).editor for name in ("name", "ports", "net", "init", "last")]
        if size == (40, 10):
            assert "run an init" in shown(app)


def test_two_fields_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="same name"):
        Form([TextField("A", "a"), TextField("B", "a")])


# ---- paths


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "source").mkdir()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "setup.txt").touch()
    (tmp_path / "bad\x1bname").touch()
    return tmp_path


def test_paths_are_completed(folder: Path) -> None:
    assert complete(f"{folder}/s") == [f"{folder}/setup.txt", f"{folder}/source/"]
    assert complete(f"{folder}/s", folders_only=True) == [f"{folder}/source/"]
    assert complete(f"{folder}/") == [f"{folder}/setup.txt", f"{folder}/source/", f"{folder}/.hidden/"]
    assert complete(f"{folder}/none/") == []
    assert complete("a\0b/") == []


def test_paths_are_checked(folder: Path) -> None:
    assert check_folder(str(folder)) is None
    assert check_folder(f"{folder}/setup.txt") == "not a folder"
    assert check_folder(f"{folder}/none") == "no such folder"
    assert check_file(f"{folder}/setup.txt") is None
    assert check_file(str(folder)) == "not a file"
    assert check_file("a\0b") is not None
    assert check_file("") == "not a path"


async def test_the_right_arrow_takes_what_is_offered(folder: Path) -> None:
    app = Forms([PathField("Context", "context", f"{folder}/s", folders_only=True)])
    async with app.run_test(size=(200, 10)) as pilot:
        await pilot.press("o")
        while "source/" not in shown(app):
            await pilot.pause(0.01)
        await pilot.press("right")
        assert app.form.values()["context"] == f"{folder}/source/"


# ---- the search bar


class Searching(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[str, str]] = []

    def compose(self) -> ComposeResult:
        yield SearchBar()

    def on_search_bar_changed(self, event: SearchBar.Changed) -> None:
        self.heard.append(("changed", event.query))

    def on_search_bar_closed(self, event: SearchBar.Closed) -> None:
        self.heard.append(("closed", event.query))


async def test_the_search_bar_tells_what_is_typed_and_how_it_was_left() -> None:
    app = Searching()
    async with app.run_test(size=(40, 3)) as pilot:
        bar = app.query_one(SearchBar)
        bar.open()
        await pilot.press("a", "b")
        bar.show_hits(3, 1700, complete=False)
        await pilot.pause()
        assert "/" in shown(app)
        assert "3 of 1,700+" in shown(app)
        await pilot.press("enter")
        await pilot.pause()
        assert app.heard == [("changed", "a"), ("changed", "ab"), ("closed", "ab")]
        assert not bar.is_open
        app.heard.clear()
        bar.open("ab")
        await pilot.press("escape")
        await pilot.pause()
        assert app.heard == [("changed", ""), ("closed", "")]
