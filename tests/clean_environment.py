"""A pytest plugin loaded before all others: the environment in which every run starts the same.

textual reads its variables when it is imported, and the snapshot plugin imports it before any conftest runs.
"""

import os
from collections.abc import MutableMapping

KEPT = ("HYTHE_TEST_", "HYTHE_REQUIRE_", "TEXTUAL_SNAPSHOT_")
DROPPED_PREFIXES = (
    "TEXTUAL_",
    "DOCKER_",
    "BUILDX_",
    "COMPOSE_",
    "HYTHE_",
    "XDG_",
    "LC_",
    "TERM_",
    "KITTY_",
    "ITERM_",
    "VTE_",
    "WEZTERM_",
)
DROPPED = (
    *(
        "NO_COLOR",
        "FORCE_COLOR",
        "CLICOLOR",
        "CLICOLOR_FORCE",
        "COLORTERM",
        "COLORFGBG",
        "TERMINFO",
        "COLUMNS",
        "LINES",
    ),
    *("TMUX", "STY", "SSH_TTY", "SSH_CONNECTION", "ESCDELAY", "LANGUAGE", "PAGER", "EDITOR", "VISUAL"),
)
FIXED = {
    "TERM": "xterm-256color",
    "COLORTERM": "truecolor",
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "TEXTUAL_ANIMATIONS": "none",
    "TEXTUAL_SMOOTH_SCROLL": "0",
}


def clean(environment: MutableMapping[str, str]) -> None:
    """Drop what the developer's shell, terminal and Docker set, and fix what the tests depend on."""
    for name in list(environment):
        if not name.startswith(KEPT) and (name in DROPPED or name.startswith(DROPPED_PREFIXES)):
            del environment[name]
    environment.update(FIXED)


clean(os.environ)
