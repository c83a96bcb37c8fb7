"""The command line: its options and its help."""

import argparse
from typing import NoReturn

from tui import __version__
from tui.exit_codes import USAGE

SHELLS = ("bash", "zsh", "fish")
GROUPS = "groups"
"""What the scripts ask for in place of a shell: the names of the settings' groups, a line each."""

USAGE_LINES = """\
hythe [--host URL | --context NAME ... | --group NAME | --demo] [OPTIONS]
       hythe layers IMAGE [--json] [--max-waste BYTES] [--min-efficiency N]
       hythe demo --socket PATH [OPTIONS]
       hythe completion bash|zsh|fish"""
DESCRIPTION = "A keyboard-driven terminal dashboard for Docker. Press ? inside for the keys."
EPILOG = """\
examples:
  hythe                                the daemon that docker itself would speak to
  hythe --host ssh://me@server         a daemon on another machine, through ssh
  hythe --host tcp://10.0.0.5:2376     the same by TCP; with TLS where DOCKER_TLS_VERIFY is set
  hythe --context staging --read-only  a Docker context, with every change refused
  hythe --context web-1 -c web-2       several in one table; --group NAME: those of a group of the settings
  hythe --demo                         look around without any daemon

environment:
  DOCKER_HOST, DOCKER_CONTEXT, DOCKER_CONFIG, DOCKER_TLS_VERIFY, DOCKER_TLS, DOCKER_CERT_PATH
                     as for docker itself
  HYTHE_CONFIG, HYTHE_THEME, HYTHE_READ_ONLY=1, HYTHE_ASCII=1
                     as --config, --theme, --read-only, --ascii; the options win
  NO_COLOR           no colours

exit codes:
  0    all went well
  1    an unexpected error; one line says which, and where its traceback is
  2    the command line is wrong, or there is no terminal
  3    what the command line names cannot be used, such as the demo's socket, or an image that is not there
  4    hythe layers: the image is worse than --max-waste or --min-efficiency allows
  129, 143  ended by SIGHUP or SIGTERM
  130  interrupted
  141  the reader of the output went away
"""
DEMO_EPILOG = """\
The containers, images and events are made up, and the same for the same seed. Any client of the Docker Engine API can
use the socket:

  hythe demo --socket /tmp/demo.sock &
  DOCKER_HOST=unix:///tmp/demo.sock docker ps
"""
LAYERS_EPILOG = """\
Waste: the bytes of files that a later layer deletes or rewrites. Efficiency, from 0 to 1, as dive counts it: for each
path the least size that it has in any layer, all added up, divided by all sizes that it has in all layers.

examples:
  hythe layers app:1                                            a report for people
  hythe layers app:1 --json > layers.json                       the same for programs
  hythe layers app:1 --max-waste 20MB --min-efficiency 95%      ends with 4 where the image is worse

exit codes:
  0 all went well, 3 no such image or no daemon, 4 worse than the limits; the others are those of hythe --help
"""
COMPLETION_EPILOG = """\
examples:
  eval "$(hythe completion bash)"                                in ~/.bashrc
  eval "$(hythe completion zsh)"                                 in ~/.zshrc
  hythe completion fish > ~/.config/fish/completions/hythe.fish  once
"""


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line, with the way to the help in it."""

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"{self.prog}: {message} (see {self.prog} --help)\n")


def build_parser() -> argparse.ArgumentParser:
    """The parser of the command line; its result has `verb`: None for the dashboard, else the command."""
    parser = _Parser(
        prog="hythe",
        usage=USAGE_LINES,
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add_endpoint_options(parser)
    _add_behaviour_options(parser)
    verbs = parser.add_subparsers(
        dest="verb", metavar="COMMAND", title="other commands", prog="hythe", parser_class=_Parser, required=False
    )
    _add_layers(verbs)
    _add_demo(verbs)
    _add_completion(verbs)
    return parser


def _add_endpoint_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "which daemon", "Without these: DOCKER_HOST, DOCKER_CONTEXT, Docker's current context, then the known sockets."
    )
    one = group.add_mutually_exclusive_group()
    one.add_argument(
        "-H", "--host", metavar="URL", type=_text, help="unix:///path, tcp://host:port, https://host or ssh://user@host"
    )
    one.add_argument(
        "-c", "--context", dest="contexts", metavar="NAME", type=_text, action="append",
        help="a Docker context; once for each of several",
    )  # fmt: skip
    one.add_argument(
        "--group", dest="groups", metavar="NAME", type=_text, action="append",
        help="the hosts that the settings name under [groups]",
    )  # fmt: skip
    one.add_argument("--demo", action="store_true", help="simulated containers; touches no daemon")


def _add_behaviour_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how")
    group.add_argument("--read-only", action="store_true", help="refuse everything that would change the daemon")
    group.add_argument("--theme", metavar="NAME", type=_text, help="one of the themes that T offers inside")
    group.add_argument(
        "--config", metavar="FILE", type=_text, help="the settings file to read instead of the usual one"
    )
    group.add_argument("--ascii", action="store_true", help="draw with ASCII alone")
    group.add_argument(
        "--slow", action="store_true", help="draw less often, in small pieces: for a line that is known to be slow"
    )
    group.add_argument("--version", action="version", version=f"hythe {__version__}", help="show the version and end")


def _add_layers(verbs: "argparse._SubParsersAction[_Parser]") -> None:  # pyright: ignore[reportPrivateUsage] argparse names its type so
    layers = verbs.add_parser(
        "layers",
        help="report on an image's layers and their waste",
        description="Reads an image's layers and reports what they hold and waste; needs no terminal.",
        epilog=LAYERS_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    layers.add_argument("image", metavar="IMAGE", type=_text, help="the name or the ID of an image that the daemon has")
    layers.add_argument("--json", action="store_true", help="print the whole report as JSON")
    layers.add_argument(
        "--max-waste", metavar="BYTES", type=_bytes, help="the most bytes that may be wasted, such as 5000000 or 20MB"
    )
    layers.add_argument("--min-efficiency", metavar="N", type=_share, help="the least efficiency, such as 0.95 or 95%%")
    # also behind the verb, where they belong for whoever types the image first
    one = layers.add_mutually_exclusive_group()
    one.add_argument("-H", "--host", metavar="URL", type=_text, default=argparse.SUPPRESS, help="as for hythe")
    one.add_argument(
        "-c", "--context", dest="contexts", metavar="NAME", type=_text, action="append", default=argparse.SUPPRESS,
        help="as for hythe",
    )  # fmt: skip
    one.add_argument("--demo", action="store_true", default=argparse.SUPPRESS, help="as for hythe")


def _add_demo(verbs: "argparse._SubParsersAction[_Parser]") -> None:  # pyright: ignore[reportPrivateUsage] argparse names its type so
    demo = verbs.add_parser(
        "demo",
        help="serve simulated containers on a socket",
        description="Serves a simulated Docker Engine until it is interrupted.",
        epilog=DEMO_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    demo.add_argument("--socket", metavar="PATH", type=_text, required=True, help="the unix socket to make")
    demo.add_argument(
        "--containers", metavar="N", type=_count, default=12, help="how many containers there are (default: 12)"
    )
    demo.add_argument(
        "--images", metavar="N", type=_count, default=0, help="how many images there are at least (default: 0)"
    )
    demo.add_argument(
        "--events-per-second", metavar="R", type=_rate, default=0.0, help="how often one changes by itself (default: 0)"
    )
    demo.add_argument("--seed", metavar="S", type=int, default=1, help="another seed, another world (default: 1)")
    demo.add_argument("--swarm", action="store_true", help="be the manager of a swarm with a few services")


def _add_completion(verbs: "argparse._SubParsersAction[_Parser]") -> None:  # pyright: ignore[reportPrivateUsage] argparse names its type so
    completion = verbs.add_parser(
        "completion",
        help="print the completion script of a shell",
        description="Prints a script that completes hythe's options in a shell.",
        epilog=COMPLETION_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    completion.add_argument("shell", choices=_Printed(SHELLS), metavar="SHELL", help="bash, zsh or fish")


class _Printed(tuple[str, ...]):
    """What can be printed: what is offered and named in errors, and besides what the scripts alone ask for."""

    __slots__ = ()

    def __contains__(self, word: object) -> bool:
        return word == GROUPS or super().__contains__(word)


def _text(value: str) -> str:
    if not value.strip() or "\0" in value:
        raise argparse.ArgumentTypeError("must not be empty")
    return value


def _count(value: str) -> int:
    try:
        number = int(value)
    except ValueError:
        number = -1
    if not 0 <= number <= 100_000:
        raise argparse.ArgumentTypeError(f"{value!r} is not a whole number from 0 to 100,000")
    return number


_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}


def _bytes(value: str) -> int:
    digits = value.strip().rstrip("BbIiKkMmGg")
    try:
        number = float(digits) * _UNITS[value.strip()[len(digits) :].strip().lower()]
    except (ValueError, KeyError):
        number = -1
    if not 0 <= number < 2**63:
        raise argparse.ArgumentTypeError(f"{value!r} is no size such as 5000000, 20MB or 1GiB")
    return int(number)


def _share(value: str) -> float:
    percent = value.endswith("%")
    try:
        number = float(value.removesuffix("%")) / (100 if percent else 1)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"{value!r} is no share such as 0.95 or 95%")
    return number


def _rate(value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 100_000:
        raise argparse.ArgumentTypeError(f"{value!r} is not a number from 0 to 100,000")
    return number
