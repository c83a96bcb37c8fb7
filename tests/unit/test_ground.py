"""What is drawn where only the ground of a container is seen, and that it is one strip for all lines."""

from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.geometry import Region
from textual.widgets import Static

from widgets.ground import GroundStack


class Quay(App[None]):
    CSS = """
    .field { background: $primary 40%; height: 6; }
    .sides { border-left: vkey red; }
    .above { border-top: solid red; }
    .roomy { padding: 1; }
    """

    def compose(self) -> ComposeResult:
        for kind in (GroundStack, Vertical):
            yield kind(Static("mooring"), classes="field", id=kind.__name__)


def texts(app: App[None], kind: type) -> list[tuple[str, str]]:
    """The lines of a container, as texts and looks."""
    widget = app.query_one(f"#{kind.__name__}")
    lines = widget.render_lines(Region(0, 0, *widget.outer_size))
    assert len(lines) == 6
    return [(line.text, repr([segment.style and segment.style.bgcolor for segment in line])) for line in lines]


async def test_it_looks_like_a_container_of_textual_whatever_its_styles() -> None:
    app = Quay()
    async with app.run_test(size=(40, 20)) as pilot:
        for name in (None, "sides", "above", "roomy"):
            for kind in (GroundStack, Vertical):
                app.query_one(f"#{kind.__name__}").set_classes(f"field {name}" if name else "field")
            await pilot.pause()
            assert texts(app, GroundStack) == texts(app, Vertical), name
        await pilot.resize_terminal(30, 15)
        assert texts(app, GroundStack) == texts(app, Vertical)


async def test_all_lines_are_one_strip() -> None:
    app = Quay()
    async with app.run_test(size=(40, 20)) as pilot:
        await pilot.pause()
        widget = app.query_one(GroundStack)
        lines = widget.render_lines(Region(0, 0, *widget.outer_size))
        assert len({id(line) for line in lines}) == 1
        assert "mooring" in app.export_screenshot()
