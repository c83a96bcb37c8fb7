"""A list of choices that comes and goes: the cursor is on a line that can be chosen, as long as there is one."""

from textual.app import App, ComposeResult

from widgets.choice_list import Choice, ChoiceList


class Host(App[None]):
    """A list alone."""

    def compose(self) -> ComposeResult:
        yield ChoiceList()


async def test_lines_come_and_go() -> None:
    app = Host()
    async with app.run_test(size=(40, 10)):
        lines = app.query_one(ChoiceList)
        lines.show(())
        assert lines.chosen is None
        lines.show((Choice.heading("a"), Choice("x", (("x", ""),)), Choice("y", (("y", ""),))))
        assert lines.chosen == "x"
        lines.action_cursor_to_edge(1)
        assert lines.chosen == "y"
        lines.show((Choice.note("nothing", "dim"),))
        assert lines.chosen is None
        lines.show(())
        assert lines.chosen is None
