"""How an image's reference is said in less room, and how the table draws it there."""

import time

import pytest
from textual.app import App, ComposeResult

from tui.model.containers import Container
from tui.model.images import Image
from tui.present.columns import Column
from tui.present.containers import ContainerRows
from tui.present.images import ImageRows
from tui.present.references import shorter_reference
from widgets.literal import cells
from widgets.live_table import LiveTable
from widgets.live_table_layout import place

HEX = "0123456789abcdef" * 4
LONG = "localhost:5000/team/sub/web:1.2"


class Shown(App[None]):
    def __init__(self, image: str, width: int, *, ascii: bool = False) -> None:
        super().__init__()
        column = Column[str]("image", "IMAGE", width, lambda text: (text, ""), str, shorter=shorter_reference)
        self.table = LiveTable[str]([column], search_text=str, ascii=ascii)
        self._image = image

    def compose(self) -> ComposeResult:
        yield self.table

    def on_mount(self) -> None:
        self.table.show({"one": self._image})


async def drawn(image: str, width: int, *, ascii: bool = False) -> str:
    app = Shown(image, width, ascii=ascii)
    async with app.run_test(size=(width + 3, 3)):
        (_, line, *_) = app.table.render_lines(app.table.size.region)
        assert cells(line.text) == width + 3
        return line.text[2:].rstrip()


@pytest.mark.parametrize(
    ("image", "width", "says"),
    [
        (LONG, 31, LONG),
        (LONG, 30, "…/team/sub/web:1.2"),
        (LONG, 17, "…/sub/web:1.2"),
        (LONG, 12, "…/web:1.2"),
        (LONG, 8, "…web:1.2"),
        (LONG, 7, "we…:1.2"),
        (LONG, 5, "w…:1…"),
        ("quay.io/a/kube-state-metrics:v2.10", 16, "kube-stat…:v2.10"),
        ("localhost:5000/web", 12, "…/web"),
        ("localhost:5000/web:1.25.3-alpine3.18", 12, "…web:1.25.3…"),
        ("postgresql-repmgr:15", 12, "postgres…:15"),
        ("busybox:latest", 14, "busybox:latest"),
        (f"web:1.2@sha256:{HEX}", 12, "web:1.2"),
        (f"r.io/web:1.2@sha256:{HEX}", 12, "r.io/web:1.2"),
        (f"r.io/team/web@sha256:{HEX}", 30, "r.io/team/web@0123456789ab"),
        (f"r.io/team/web@sha256:{HEX}", 20, "…/web@0123456789ab"),
        (f"r.io/team/web@sha256:{HEX}", 16, "…/web@0123456"),
        (f"r.io/team/web@sha256:{HEX}", 12, "…web@0123456"),
        (f"sha256:{HEX}", 20, "sha256:0123456789ab"),
        (f"sha256:{HEX}", 12, "0123456789ab"),
        ("12 containers", 12, "12 containe…"),
        ("//", 1, "…"),
    ],
)
async def test_what_tells_least_goes_first(image: str, width: int, says: str) -> None:
    assert await drawn(image, width) == says


async def test_without_unicode_the_sign_of_a_cut_is_another() -> None:
    assert await drawn(LONG, 12, ascii=True) == "~/web:1.2"
    assert await drawn("postgresql-repmgr:15", 12, ascii=True) == "postgres~:15"


async def test_text_that_no_registry_has_is_drawn_literally_and_measured_in_cells() -> None:
    assert await drawn("localhost:5000/\x1b[31m[b]/日本語:1.2", 12) == "…/日本語:1.2"
    assert await drawn("localhost:5000/a/\x1b[b]\u202e:1", 16) == "…/a/␛[b]\\u202e:1"
    assert cells(await drawn("localhost:5000/日本語日本語日本語:1.2", 9)) <= 9
    assert (await drawn("x/" + "y" * 5000 + ":1.2", 12)) == "x/yyyyyyyyy…"


@pytest.mark.parametrize("image", [LONG, f"r.io/web@sha256:{HEX}", f"web@sha256:{HEX}", "r.io/ab:1.25.3-alpine"])
def test_what_is_missing_is_never_hidden(image: str) -> None:
    whole = {image, *(f"{image.partition('@')[0]}@{HEX[:digits]}" for digits in (7, 12))}
    for width in range(1, 40):
        said = next((said for said in shorter_reference(image, width, "…") if len(said) <= width), "…")
        assert said in whole or "…" in said, width


@pytest.mark.parametrize("width", [84, 100, 110, 120])
def test_a_container_s_image_has_room_for_a_name_and_a_tag(width: int) -> None:
    columns = ContainerRows(time.time).columns()
    at = next(index for index, column in enumerate(columns) if column.key == "image")
    placed = {each.column: each.width for each in place(columns, width)}
    assert placed.get(at, 13) >= 13
    container = Container("1", "one", LONG, "running")
    assert columns[at].sort_key(container)[0] == columns[at].cell(container)[0] == LONG


def test_an_image_that_is_newer_says_so_in_any_room() -> None:
    column = ImageRows(time.time, is_newer=lambda _image: True).columns()[0]
    text, _ = column.cell(Image("sha256:1", ("localhost:5000/team/web:1.2",)))
    assert column.shorter is not None
    assert "…/web:1.2  ↑ newer" in list(column.shorter(text, column.min_width, "…"))
