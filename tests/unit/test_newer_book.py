"""Whether a tag names another image in its registry: what counts, for how long, and of which images."""

from tui.model.images import Image
from tui.store.newer import KEEP_SECONDS, MOST_TOLD, NewerBook, can_be_newer


def image(*tags: str, digests: tuple[str, ...] = ()) -> Image:
    return Image("sha256:1", tags, digests)


def test_an_image_is_newer_where_its_digest_is_another() -> None:
    here = image("nginx:1", "other:1", digests=("nginx@sha256:a",))
    book = NewerBook()
    assert book.newer_tags(here) == []
    book.tell("nginx:1", digest="sha256:a")
    assert book.newer_tags(here) == []
    book.tell("nginx:1", digest="sha256:b")
    assert book.newer_tags(here) == ["nginx:1"]
    book.tell("nginx:1", problem="429")
    assert book.newer_tags(here) == []


def test_what_was_only_made_here_is_not_asked_about() -> None:
    assert can_be_newer(image("made:1")) == []
    assert can_be_newer(image("made:1", "r.example/a/b:2", digests=("r.example/a/b@sha256:a",))) == ["r.example/a/b:2"]
    assert can_be_newer(image(digests=("nginx@sha256:a",))) == []


def test_an_answer_counts_for_a_while_and_a_failure_never() -> None:
    now = 0.0
    book = NewerBook(lambda: now)
    assert not book.is_fresh("a:1")
    book.tell("a:1", digest="sha256:a")
    book.tell("b:1", problem="no")
    assert book.is_fresh("a:1")
    assert not book.is_fresh("b:1")
    assert book.was_asked("b:1")
    now = KEEP_SECONDS + 1
    assert not book.is_fresh("a:1")


def test_answers_without_end_are_not_kept() -> None:
    book = NewerBook(lambda: 0.0)
    for count in range(MOST_TOLD):
        book.tell(f"app:{count}", digest="sha256:1")
    book.tell("app:0", digest="sha256:2")
    book.tell("app:new", digest="sha256:1")
    assert book.was_asked("app:0"), "it was asked again: others are older"
    assert not book.was_asked("app:1")
    assert book.was_asked("app:new")


def test_an_index_that_changed_for_other_platforms_alone_is_not_newer() -> None:
    here = image("nginx:1", digests=("nginx@sha256:a",))
    book = NewerBook()
    book.tell("nginx:1", digest="sha256:b", image_id=here.id)
    assert book.newer_tags(here) == []
    book.tell("nginx:1", digest="sha256:b", image_id="sha256:2")
    assert book.newer_tags(here) == ["nginx:1"]


def test_what_a_digest_names_is_told_once() -> None:
    book = NewerBook()
    assert book.image_of("nginx:1", "sha256:b") == ""
    book.tell("nginx:1", digest="sha256:b", image_id="sha256:2")
    assert book.image_of("nginx:1", "sha256:b") == "sha256:2"
    assert book.image_of("nginx:1", "sha256:c") == ""
    assert book.image_of("nginx:2", "sha256:b") == ""
