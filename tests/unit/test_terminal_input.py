"""What a terminal sends becomes events, whatever it is."""

import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App
from textual.events import Key, Paste
from textual.message import Message

from widgets.terminal_driver import TerminalDriver
from widgets.terminal_input import TICK_SECONDS, TerminalInput


def keys(typed: TerminalInput, *pieces: bytes) -> list[str]:
    events = [event for piece in pieces for event in typed.feed(piece)]
    return [event.character or event.key for event in events if isinstance(event, Key)]


def test_a_character_may_come_in_parts() -> None:
    assert keys(TerminalInput(), b"a\xc3", b"\xa9b") == ["a", "é", "b"]


@pytest.mark.parametrize("odd", [b"\xff", b"\xe9", b"\xf8", b"\xc3\xc3", b"\x80"])
def test_what_is_no_utf8_is_told_as_such_and_the_rest_is_typed(odd: bytes) -> None:
    typed = keys(TerminalInput(), b"a" + odd + b"b")
    assert (typed[0], typed[-1]) == ("a", "b")
    assert set(typed[1:-1]) <= {"\ufffd"}


@pytest.mark.parametrize("odd", [b"\x1b[99999999999u", b"\x1b[9999999u", b"\x1b[97:98:99;1:3u"])
def test_a_sequence_with_an_impossible_number_is_left_out(odd: bytes) -> None:
    typed = TerminalInput()
    assert keys(typed, odd) == []
    assert keys(typed, b"b") == ["b"]


def test_a_paste_is_one_event() -> None:
    events = TerminalInput().feed(b"\x1b[200~a\xffb\x1b[201~")
    assert [event.text for event in events if isinstance(event, Paste)] == ["a\ufffdb"]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 100])
def test_what_is_pasted_presses_no_key(size: int) -> None:
    """An escape in it, as a coloured line of a log has, made keys of what follows: `d` and `y` among them."""
    pasted = "a\x1b[31mdy\x1b\x1b[200~\x1b[201\x1b[A\x1b[999999999999u\x1b[<0;1;1M" + "y" * 40
    sent = f"k\x1b[200~{pasted}\x1b[201~d\x1b[200~\x1b[201~e".encode()
    typed = TerminalInput()
    events = [event for at in range(0, len(sent), size) for event in typed.feed(sent[at : at + size])]
    told = [event.text if isinstance(event, Paste) else getattr(event, "character", event) for event in events]
    assert told == ["k", pasted, "d", "", "e"]


@given(st.lists(st.binary(max_size=20) | st.sampled_from([b"\x1b[", b"\x1b", b";", b"u", b"\x1b[<", b"9999999", b":"])))
def test_nothing_ends_it(pieces: list[bytes]) -> None:
    typed = TerminalInput()
    for piece in pieces:
        typed.feed(piece)
        typed.tick()


class Listening(TerminalDriver):
    """A driver that keeps what it hands on."""

    def process_message(self, message: Message) -> None:
        heard.append(message)


heard: list[Message] = []


async def test_the_driver_goes_on_after_odd_bytes_and_ends_with_the_terminal() -> None:
    app = App[int]()
    ended: list[object] = []
    app.call_later = lambda callback, *args, **_: ended.extend((callback, *args)) or True
    end, start = os.pipe()
    driver = Listening(app)
    driver.fileno = end
    os.write(start, b"\xffa\x1b[9999999u")
    os.close(start)
    heard.clear()
    driver.run_input_thread()
    os.close(end)
    assert [event.character for event in heard if isinstance(event, Key)] == ["\ufffd", "a"]
    assert ended == [app.exit, 129]


def test_only_a_sequence_that_is_begun_is_looked_after() -> None:
    typed = TerminalInput()
    assert typed.seconds is None
    typed.feed(b"a")
    assert typed.seconds is None
    typed.feed(b"\x1b")
    assert typed.seconds == TICK_SECONDS
    typed.feed(b"[A")
    assert typed.seconds is None


async def test_input_ends_at_once_though_nothing_is_typed() -> None:
    driver = Listening(App[int]())
    driver.fileno, start = os.pipe()
    for _ in range(2):  # it is begun again after a pause
        thread = threading.Thread(target=driver.run_input_thread)
        thread.start()
        driver._key_thread = thread
        driver.disable_input()
        assert not thread.is_alive()
    driver.close()
    driver.disable_input()
    os.close(start)
    os.close(driver.fileno)
