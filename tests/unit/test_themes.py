"""The themes that come along, and the loader's answers to files that are wrong."""

from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.color import Color
from textual.theme import Theme
from textual.widgets import Button, DataTable, Footer, Input, OptionList, ProgressBar, TextArea

from themes import loader, schema
from themes.toml_file import key_lines

THEMES = {theme.name: theme for theme in loader.load_themes()[0]}
PLAIN = [theme for theme in THEMES.values() if not theme.ansi]
TONES = ("success", "warning", "error")
TEXTS = ("foreground", "text-muted", *(f"text-{tone}" for tone in (*TONES, "primary", "secondary", "accent")), *TONES)

# Linear RGB as seen without one kind of cone: Viénot, Brettel and Mollon 1999 for red and green, Machado 2009 for blue.
VISION = {
    "full": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no-red": ((0.11238, 0.88762, 0), (0.11238, 0.88762, 0), (0.00401, -0.00401, 1)),
    "no-green": ((0.29275, 0.70725, 0), (0.29275, 0.70725, 0), (-0.02234, 0.02234, 1)),
    "no-blue": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


def linear(colour: Color) -> tuple[float, float, float]:
    """The colour's red, green and blue in linear light, as WCAG defines them."""

    def channel(value: int) -> float:
        part = value / 255
        return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4

    return channel(colour.r), channel(colour.g), channel(colour.b)


def contrast(one: str, other: str) -> float:
    """WCAG 2's contrast ratio, from 1 to 21."""
    lights = sorted(
        0.2126 * red + 0.7152 * green + 0.0722 * blue
        for red, green, blue in (linear(Color.parse(c)) for c in (one, other))
    )
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def lab(colour: str, vision: str = "full") -> tuple[float, float, float]:
    """CIE L*a*b* (D65) of a colour as it is seen with the given vision."""
    rgb = linear(Color.parse(colour))
    red, green, blue = (max(0.0, sum(w * c for w, c in zip(row, rgb, strict=True))) for row in VISION[vision])
    xyz = (
        (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047,
        0.2126 * red + 0.7152 * green + 0.0722 * blue,
        (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883,
    )
    x, y, z = (value ** (1 / 3) if value > 0.008856 else 7.787 * value + 16 / 116 for value in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def distance(one: str, other: str, vision: str = "full") -> float:
    """How far apart two colours look (CIE 1976); about 2 is the least that can be seen."""
    return sum((a - b) ** 2 for a, b in zip(lab(one, vision), lab(other, vision), strict=True)) ** 0.5


def variables(theme: Theme) -> dict[str, str]:
    """What style sheets see of a theme."""
    return theme.to_color_system().generate() | theme.variables


def test_built_in_themes_are_right() -> None:
    themes, problems = loader.load_themes()
    assert problems == []
    assert {theme.name for theme in themes} == {
        *("hythe-dark", "hythe-light", "high-contrast", "colour-blind-safe", "ansi-16"),
    }
    assert {loader.DEFAULT_THEME, loader.ANSI_THEME} <= set(THEMES)
    for path in loader.BUILT_IN_FOLDER.glob("*.toml"):
        theme, _ = loader.read_theme(path)
        assert theme is not None
        assert theme.name == path.stem


@pytest.mark.parametrize("theme", PLAIN, ids=lambda theme: theme.name)
def test_text_can_be_read(theme: Theme) -> None:
    colours = variables(theme)
    least = 7 if theme.name == "high-contrast" else 4.5
    for text in TEXTS:
        for ground in ("background", "surface"):
            assert contrast(colours[text], colours[ground]) >= least, (text, ground)
    for text, ground in (
        ("block-cursor-foreground", "block-cursor-background"),
        ("block-cursor-blurred-foreground", "block-cursor-blurred-background"),
        ("footer-key-foreground", "footer-background"),
        ("footer-description-foreground", "footer-background"),
        ("match-foreground", "match-background"),
        ("input-cursor-foreground", "input-cursor-background"),
        ("foreground", "panel"),
        ("text-muted", "panel"),
    ):
        assert contrast(colours[text], colours[ground]) >= least, (text, ground)


@pytest.mark.parametrize("theme", PLAIN, ids=lambda theme: theme.name)
def test_tones_can_be_read_under_the_cursor(theme: Theme) -> None:
    colours = variables(theme)
    for tone in TONES:
        for ground in ("block-cursor-background", "block-cursor-blurred-background"):
            assert contrast(colours[f"text-{tone}"], colours[ground]) >= 4.5, (tone, ground)


@pytest.mark.parametrize("theme", PLAIN, ids=lambda theme: theme.name)
def test_tones_differ(theme: Theme) -> None:
    colours = variables(theme)
    for one, other in combinations((*TONES, "primary", "foreground"), 2):
        assert distance(colours[one], colours[other]) >= 20, (one, other)


@pytest.mark.parametrize("vision", VISION)
def test_tones_differ_without_one_kind_of_cone(vision: str) -> None:
    colours = variables(THEMES["colour-blind-safe"])
    for prefix in ("", "text-"):
        for one, other in combinations(TONES, 2):
            assert distance(colours[prefix + one], colours[prefix + other], vision) >= 20, (prefix, one, other)


def test_ansi_theme_uses_the_terminals_palette_alone() -> None:
    theme = THEMES[loader.ANSI_THEME]
    own = {**{key: getattr(theme, key) for key in schema.COLOURS}, **theme.variables}
    assert set(schema.VARIABLES) <= set(own)
    for name, value in own.items():
        assert name.endswith("-style") or value.startswith("ansi_"), name
    assert theme.background == "ansi_default"


async def test_every_theme_works_in_an_app() -> None:
    class Probe(App[None]):
        CSS = "\n".join(f".{name} {{ color: ${name}; }}" for name in schema.VARIABLES)

        def compose(self) -> ComposeResult:
            yield from (Input(), DataTable(), TextArea(), Button(), OptionList("one"), ProgressBar(), Footer())

        def get_theme_variable_defaults(self) -> dict[str, str]:
            return schema.variable_defaults(self.current_theme)

    app = Probe()
    async with app.run_test() as pilot:
        for theme in THEMES.values():
            app.register_theme(theme)
            app.theme = theme.name
            await pilot.pause()
            assert app.theme_variables["mark"] == variables(theme)["mark"]


def write(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text)
    return path


def test_user_theme_replaces_the_built_in_of_that_name(tmp_path: Path) -> None:
    write(tmp_path, "mine.toml", 'name = "hythe-dark"\nprimary = "#ff0000"\n')
    themes, problems = loader.load_themes(tmp_path)
    assert problems == []
    assert [theme.primary for theme in themes if theme.name == "hythe-dark"] == ["#ff0000"]
    assert len(themes) == len(THEMES)


def test_each_wrong_key_is_named_with_its_line_and_the_rest_counts(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "mine.toml",
        'name = "mine"\nprimary = "#123"\nsucces = "red"\nerror = "sort of red"\ndark = "yes"\n'
        "text_alpha = 7\nwarning = 3\n[variables]\ntrackk = 'red'\nmark = 1\nborder = '#12'\n"
        "block-cursor-text-style = 'bold loud'\nstale = 'auto 87%'\nbusy = 'red 50%'\n",
    )
    theme, problems = loader.read_theme(path)
    assert theme is not None
    assert (theme.name, theme.primary, theme.error) == ("mine", "#123", None)
    assert theme.variables == schema.variable_defaults(theme) | {"stale": "auto 87%", "busy": "red 50%"}
    assert {(problem.line, problem.key) for problem in problems} == {
        *((3, "succes"), (4, "error"), (5, "dark"), (6, "text_alpha"), (7, "warning"), (9, "variables.trackk")),
        *((10, "variables.mark"), (11, "variables.border"), (12, "variables.block-cursor-text-style")),
    }
    words = "\n".join(map(str, problems))
    assert "did you mean success?" in words
    assert "did you mean track?" in words
    assert "'sort of red' is not a colour" in words
    assert "'loud' is not a text style" in words
    assert f"{path}:3: succes: " in words


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ('name = "mine"\n', None, "primary"),
        ('primary = "red"\n', None, "name"),
        ('name = "My Theme"\nprimary = "red"', 1, "name"),
        ("name = 1\nprimary = 'red'", 1, "name"),
        ('name = "mine"\nprimary = "rad"', 2, "primary"),
        ('name = "mine"\nprimary = \n', 2, ""),
        ("variables = 3\n", 1, "variables"),
        ("[name]\n", 1, "name"),
    ],
)
def test_file_without_name_or_primary_gives_no_theme(tmp_path: Path, text: str, line: int | None, key: str) -> None:
    write(tmp_path, "mine.toml", text)
    themes, problems = loader.load_themes(tmp_path)
    assert {theme.name for theme in themes} == set(THEMES)
    assert (line, key) in {(problem.line, problem.key) for problem in problems}


def test_two_files_of_one_name(tmp_path: Path) -> None:
    write(tmp_path, "a.toml", 'name = "mine"\nprimary = "red"')
    write(tmp_path, "b.toml", 'name = "mine"\nprimary = "blue"')
    themes, problems = loader.load_themes(tmp_path)
    assert themes[-1].primary == "red"
    assert [(problem.file.name, problem.key) for problem in problems] == [("b.toml", "name")]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert loader.load_themes(tmp_path / "absent")[1] == []
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "dangling.toml").symlink_to("nowhere")
    (tmp_path / "latin.toml").write_bytes(b"name = 'x'\n# \xe9\n")
    (tmp_path / "large.toml").write_bytes(b"#" * 1_000_001)
    (tmp_path / "deep.toml").write_text("name = " + "[" * 100_000)
    _, problems = loader.load_themes(tmp_path)
    assert {problem.file.stem for problem in problems} == {"folder", "dangling", "latin", "large", "deep"}
    assert {problem.line for problem in problems if problem.file.stem == "latin"} == {2}
    file = write(tmp_path, "plain", "")
    _, problems = loader.load_themes(file)
    assert [problem.file for problem in problems] == [file]


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_no_file_makes_the_loader_raise(tmp_path_factory: pytest.TempPathFactory, content: str | bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    theme, problems = loader.read_theme(path)
    assert theme is None
    assert problems


def test_key_lines() -> None:
    text = 'a = 1\nb.c = 2\n"q r" = """\nx = 1\n"""\n[t]\nk = \'=\'\n[t.u."v w"] # note\nk = 2\n'
    lines = key_lines(text + "[[list]]\nm = 1\n[[list]]\nm = 2\n")
    assert lines == {
        ("a",): 1,
        ("b",): 2,
        ("b", "c"): 2,
        ("q r",): 3,
        ("t",): 6,
        ("t", "k"): 7,
        ("t", "u", "v w"): 8,
        ("t", "u", "v w", "k"): 9,
        ("list",): 10,
        ("list", "m"): 11,
    }
