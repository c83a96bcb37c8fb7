"""The entry of the command line: parses, loads settings, starts the dashboard or a headless verb; imports late."""

import gc
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module

from tui import exit_codes

TEXTUAL_DEFAULTS = {
    "TEXTUAL_ANIMATIONS": "none",
    "TEXTUAL_SMOOTH_SCROLL": "0",
    "TEXTUAL_FPS": "240",  # a key waits 4 ms at most for the paint before it; the feed bounds how many there are
}
"""What suits a slow line; textual reads these when it is imported. The user's own values stay."""

COLLECT_EVERY = (10_000, 20, 20)
"""Few things here hold each other in cycles: to look for those at each 700 new objects is a tenth of all work."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run hythe with *arguments* (the process's own by default) and return its exit code.

    Raises:
        SystemExit: the arguments are wrong, or ask for the help or the version.
    """
    try:
        try:
            code = run(sys.argv[1:] if arguments is None else arguments)
        finally:
            if sys.stdout is not None:  # pyright: ignore[reportUnnecessaryComparison] None when it was closed before the start
                sys.stdout.flush()
    except KeyboardInterrupt:
        return exit_codes.INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        return exit_codes.PIPE_CLOSED
    except Exception as error:  # noqa: BLE001 the last resort: told in one line, with the traceback in a file
        from tui import crash

        crash.report(error)
        return exit_codes.UNEXPECTED
    return code


def run(arguments: Sequence[str]) -> int:
    """Do what the *arguments* ask for and return the exit code."""
    if not arguments:
        return run_dashboard({})  # the parser costs a tenth of the time to the first name
    from tui import cli

    options = cli.build_parser().parse_args(arguments)
    if options.verb == "completion":
        from tui.completion import completion_script

        if options.shell == cli.GROUPS:
            from tui.settings import load_settings

            print("".join(f"{name}\n" for name in sorted(load_settings({}).groups)), end="")
            return exit_codes.OK
        print(completion_script(options.shell, cli.build_parser()), end="")
        return exit_codes.OK
    if options.verb == "demo":
        from tui.headless_demo import run_demo

        return run_demo(
            options.socket, options.containers, options.images, options.events_per_second, options.seed,
            swarm=options.swarm,
        )  # fmt: skip
    if options.verb == "layers":
        from tui.headless_layers import run_layers

        return run_layers(options)
    return run_dashboard(vars(options))


def run_dashboard(options: Mapping[str, object]) -> int:
    """Start the dashboard as the *options* say, by their names in what the parser finds; without a terminal, say so."""
    if (problem := terminal_problem()) is not None:
        print(f"hythe: {problem}", file=sys.stderr)
        return exit_codes.USAGE
    for name, value in TEXTUAL_DEFAULTS.items():
        os.environ.setdefault(name, value)
    gc.disable()  # nothing that a start makes is garbage, and to look for it takes a tenth of the time
    try:
        return _run_dashboard(options)
    finally:
        gc.enable()


def _run_dashboard(options: Mapping[str, object]) -> int:
    import_msgspec()
    from tui.settings import load_settings

    settings = load_settings(options)
    if settings.refusal is not None:
        print(f"hythe: {settings.refusal}", file=sys.stderr)
        return exit_codes.USAGE
    from tui.first_paint import FirstPaint, import_the_rest

    with FirstPaint(settings, os.environ) as first:
        import_the_rest()
        from tui.app import run_app

        gc.freeze()  # nothing of what was imported is garbage, and none of it is looked at again
        gc.set_threshold(*COLLECT_EVERY)
        gc.enable()
        return run_app(settings, first)


def import_msgspec() -> None:
    """Import msgspec without typing_extensions, whose import takes as long as msgspec's own.

    It takes three names from there, and from typing where it is not installed: Python has had them there since 3.11.
    """
    if "typing_extensions" in sys.modules:
        return
    sys.modules["typing_extensions"] = None  # pyright: ignore[reportArgumentType] what Python takes for "not found"
    try:
        with suppress(ImportError):  # a broken installation: told where it is imported next
            import_module("msgspec")
    finally:
        del sys.modules["typing_extensions"]


def terminal_problem() -> str | None:
    """Why no dashboard can be drawn here, or None."""
    for stream, name in ((sys.stdin, "input"), (sys.stdout, "output")):
        if stream is None or stream.closed or not stream.isatty():  # pyright: ignore[reportUnnecessaryComparison] as above
            return f"the dashboard needs a terminal, and its {name} is none (over ssh: ssh -t HOST hythe)"
    if os.environ.get("TERM") == "dumb":
        return "the dashboard needs a terminal that can move its cursor, and TERM is dumb"
    return None


def _forget_stdout() -> None:
    """Point stdout at nothing, so that the interpreter's last flush does not fail a second time."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


if __name__ == "__main__":
    sys.exit(main())
