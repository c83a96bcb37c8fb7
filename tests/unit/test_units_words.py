"""Words that numbers are told in."""

from tui.present.units import plural


def test_more_than_one_is_told_as_english_has_it() -> None:
    assert [plural(count, "layer") for count in (0, 1, 2)] == ["0 layers", "1 layer", "2 layers"]
    words = ("entry", "key", "process", "match", "patch", "suffix", "image")
    assert [plural(2, word).split()[1] for word in words] == [
        "entries", "keys", "processes", "matches", "patches", "suffixes", "images"
    ]  # fmt: skip
