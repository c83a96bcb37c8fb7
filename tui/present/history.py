"""What a history entry says: the Dockerfile instruction behind the builder's wording."""

from __future__ import annotations

import re

_NOP = re.compile(r"^(?:/bin/sh -c )?#\(nop\)\s+")
_SHELL = re.compile(r"^(?:RUN\s+)?(?:\|\d+ (?:\S+=\S* )*)?/bin/sh -c\s+")
_BUILDKIT = re.compile(r"\s+# buildkit$")


def instruction(created_by: str) -> str:
    """Return the instruction in Dockerfile words, on one line.

    The classic builder writes `/bin/sh -c #(nop)  CMD ["sh"]` and `/bin/sh -c make`, BuildKit `RUN /bin/sh -c make #
    buildkit` and `CMD ["sh"]`; an imported image has no instruction.
    """
    text = _BUILDKIT.sub("", created_by.strip())
    if _NOP.match(text):
        text = _NOP.sub("", text)
    elif _SHELL.match(text):
        text = "RUN " + _SHELL.sub("", text)
    return " ".join(text.split())
