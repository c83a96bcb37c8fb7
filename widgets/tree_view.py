"""A tree of up to a million nodes: only visible rows are drawn, and a search looks into closed branches too."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from typing import Any, ClassVar, Generic, Literal

from rich.style import Style
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip
from textual.worker import Worker

from widgets.flat_tree import FlatTree, NodeT, Place, TreeSource, Walk, path_at, place_of
from widgets.line_view import MORE, CursorList, Span, overlay
from widgets.literal import cells, fit, literal
from widgets.matching import Matcher
from widgets.tree_search import TreeSearch, look_through

__all__ = ["TreeSource", "TreeView"]

EXPAND_LIMIT = 20_000
SHIFT_CELLS = 8
NEIGHBOURS = 64

MARKS = {False: ("▸ ", "▾ ", "  "), True: ("+ ", "- ", "  ")}


class TreeView(CursorList, Generic[NodeT]):
    """Shows a `TreeSource`. `columns` says on which side its further cells stand."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", show=False, id="tree.open"),
        Binding("space", "toggle_branch", "Open or close", show=False, id="tree.toggle"),
        Binding("right", "expand", "Open", show=False, id="tree.expand"),
        Binding("left", "collapse", "Close, or go up", show=False, id="tree.collapse"),
        Binding("asterisk", "expand_all", "Open all below", show=False, id="tree.expand_all"),
        Binding("minus", "collapse_all", "Close all", show=False, id="tree.collapse_all"),
        Binding("n", "next_hit(1)", "Next hit", show=False, id="tree.next_hit"),
        Binding("N", "next_hit(-1)", "Previous hit", show=False, id="tree.previous_hit"),
        Binding("shift+right,greater_than_sign", "shift(1)", "See further right", show=False, id="tree.shift_right"),
        Binding("shift+left,less_than_sign", "shift(-1)", "See further left", show=False, id="tree.shift_left"),
    ]

    class NodeMessage(Message):
        """Something happened to a node."""

        def __init__(self, tree: TreeView[Any], node: Any) -> None:
            super().__init__()
            self.tree = tree
            self.node = node

        @property
        def control(self) -> TreeView[Any]:
            return self.tree

    class Highlighted(NodeMessage):
        """The cursor came to a node (None: the tree is empty)."""

    class Opened(NodeMessage):
        """Enter was pressed on a node that has nothing below it."""

    class SearchChanged(Message):
        """How the search stands: the cursor's hit (from 1; 0: on none), hits found, and if that is all."""

        def __init__(self, tree: TreeView[Any], hit: int, total: int, complete: bool) -> None:
            super().__init__()
            self.tree = tree
            self.hit = hit
            self.total = total
            self.complete = complete

        @property
        def control(self) -> TreeView[Any]:
            return self.tree

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, TreeView.SearchChanged)

    class ExpandCut(Message):
        """Opening everything stopped after `limit` nodes."""

        def __init__(self, tree: TreeView[Any], limit: int) -> None:
            super().__init__()
            self.tree = tree
            self.limit = limit

        @property
        def control(self) -> TreeView[Any]:
            return self.tree

    def __init__(
        self,
        source: TreeSource[NodeT] | None = None,
        *,
        columns: Literal["left", "right"] = "right",
        column_widths: Sequence[int] = (),
        ascii: bool = False,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(ascii=ascii, id=id, classes=classes)
        self._columns_left = columns == "left"
        self._least_widths = list(column_widths)
        self._widths = list(column_widths)
        self._flat: FlatTree[NodeT] | None = FlatTree(source) if source is not None else None
        self._matcher: Matcher | None = None
        self._search: TreeSearch[NodeT] | None = None
        self._open_before_filter: set[NodeT] | None = None
        self._filter = ""
        self._scanning: Worker[None] | None = None
        self._filtering: Worker[None] | None = None
        self._heading: tuple[Sequence[Span], Sequence[Span]] | None = None

    # ---- data
    @property
    def source(self) -> TreeSource[NodeT] | None:
        """The source that is shown."""
        return self._flat.source if self._flat else None

    def set_source(self, source: TreeSource[NodeT] | None, *, opened: Collection[NodeT] = ()) -> None:
        """Show another source; nodes with the same keys keep the cursor and stay open, and the search starts again.

        Those in `opened` are open, whatever they were before.
        """
        old = self._flat
        self._widths = list(self._least_widths)
        if source is None:
            self._flat = self._search = None
        else:
            flat = FlatTree(source)
            if old is not None:
                flat.expanded = self._open_before_filter if self._open_before_filter is not None else old.expanded
            if old is not None or opened:
                flat.expanded |= set(opened)
                flat.rebuild()
            if old is not None:
                self._cursor = self._same_place(old, flat)
            self._flat = flat
        self._open_before_filter = None
        self.rows_changed()
        self.cursor_moved()
        if source is not None and self._filter:
            self.set_filter(self._filter)
        if source is not None and self._matcher is not None:
            self._scan(go=False)

    def _same_place(self, old: FlatTree[NodeT], new: FlatTree[NodeT]) -> int:
        """The row of the old cursor's node in the new tree, else of the nearest node that is still there."""
        if not old.nodes:
            return 0
        at = min(self._cursor, len(old.nodes) - 1)
        row = new.index_of(old.nodes[at])
        if row is not None:
            return row
        rows = {node: row for row, node in enumerate(new.nodes)}
        near = [*old.nodes[at + 1 : at + NEIGHBOURS], *old.nodes[max(0, at - NEIGHBOURS) : at][::-1]]
        return next((rows[node] for node in near if node in rows), at)

    @property
    def row_count(self) -> int:
        return len(self._flat.nodes) if self._flat else 0

    @property
    def cursor_node(self) -> NodeT | None:
        """The node under the cursor."""
        return self._flat.nodes[self._cursor] if self._flat and self._flat.nodes else None

    @property
    def visible_nodes(self) -> Sequence[NodeT]:
        """The nodes whose branches are open, in order."""
        return self._flat.nodes if self._flat else ()

    def go_to(self, path: Sequence[NodeT]) -> bool:
        """Open what is above the last node of a path from the root and put the cursor there; False if there is none."""
        row = self._flat.reveal(path) if self._flat else None
        if row is None:
            return False
        self._cursor_to(row)
        return True

    def _cursor_to(self, row: int) -> None:
        """Put the cursor on a row after rows came or went above it."""
        before = self._cursor
        self._cursor = row
        self.rows_changed()
        if row != before:
            self.cursor_moved()

    def cursor_moved(self) -> None:
        self.post_message(self.Highlighted(self, self.cursor_node))

    # ---- drawing
    def set_heading(self, label: Sequence[Span], columns: Sequence[Span] = ()) -> None:
        """Say above the rows what their labels and their further cells are; it stays as they are scrolled."""
        self._heading = (label, columns)
        self.refresh()

    @property
    def head_rows(self) -> int:
        return 1 if self._heading is not None and self.row_count else 0

    def head_strip(self, y: int, width: int) -> Strip:
        label, columns = self._heading or ((), ())
        indent: Span = (MARKS[self.ascii][2], "")
        fitted = self._column_spans(columns, width)
        return self._joined([indent, *label], fitted, width, self.rich_style, flat=False, offset=0)

    def row_strip(self, index: int, width: int, base: Style, flat: bool) -> Strip:
        if self._flat is None:
            return self.blank(width)
        columns = self._column_spans(self._flat.source.columns(self._flat.nodes[index]), width)
        taken = sum(cells(text) for text, _ in columns)
        return self._joined(self.row_spans(index, width - taken), columns, width, base, flat=flat, offset=self._shift)

    def _joined(
        self, label: Sequence[Span], columns: Sequence[Span], width: int, base: Style, *, flat: bool, offset: int
    ) -> Strip:
        taken = sum(cells(text) for text, _ in columns)
        tree = self.paint(label, width - taken, base, offset=offset, flat=flat)
        if not columns:
            return tree
        cut = self.paint(columns, taken, base, flat=flat)
        return Strip.join([cut, tree] if self._columns_left else [tree, cut])

    def row_spans(self, index: int, width: int) -> Sequence[Span]:
        if self._flat is None:
            return ()
        source, node = self._flat.source, self._flat.nodes[index]
        closed, opened, leaf = MARKS[self.ascii]
        mark = leaf if not source.has_children(node) else opened if node in self._flat.expanded else closed
        label: Sequence[Span] = source.label(node)
        if self._matcher is not None:
            label = overlay(label, self._matcher.ranges("".join(text for text, _ in label)), "hit")
        return [(self._indent(self._flat.depths[index], width), "dim"), (mark, "dim"), *label]

    def _indent(self, depth: int, width: int) -> str:
        """Two cells a level, but at most half of the line: then the level is told in figures."""
        if depth * 2 <= max(4, width // 2):
            return "  " * depth
        return fit(f"{depth}", max(4, width // 2) - 1, "right") + " "

    def _column_spans(self, columns: Sequence[Span], width: int) -> list[Span]:
        if not columns:
            return []
        for number, (text, _) in enumerate(columns):
            size = cells(literal(text[:width], ascii=self.ascii))
            if number >= len(self._widths):
                self._widths.append(0)
            if size > self._widths[number]:
                self._widths[number] = size
                self.call_later(self.refresh)  # rows drawn before have narrower columns
        spans: list[Span] = []
        for (text, tone), size in zip(columns, self._widths, strict=False):
            cell = fit(literal(text, width, ascii=self.ascii), size, "right", MORE[self.ascii])
            spans.append((f"{cell} " if self._columns_left else f" {cell}", tone))
        return spans if sum(size + 1 for size in self._widths) * 2 <= width else []

    # ---- opening and closing
    def action_open(self) -> None:
        """Open or close a branch; a leaf is opened by whoever listens."""
        node = self.cursor_node
        if self._flat is None or node is None:
            return
        if self._flat.source.has_children(node):
            self.action_toggle_branch()
        else:
            self.post_message(self.Opened(self, node))

    def action_toggle_branch(self) -> None:
        if self._flat is not None and self.row_count:
            change = self._flat.collapse if self.cursor_node in self._flat.expanded else self._flat.expand
            change(self._cursor)
            self.rows_changed()

    def action_expand(self) -> None:
        """Open the node; if it is open, go to its first child."""
        if self._flat is None or not self.row_count:
            return
        if self.cursor_node not in self._flat.expanded:
            self.open_branch()
        elif self._flat.depths[self._cursor + 1 : self._cursor + 2] == [self._flat.depths[self._cursor] + 1]:
            self.move_to(self._cursor + 1)

    def open_branch(self) -> None:
        """Open the node under the cursor; one that is open stays so."""
        if self._flat is not None and self.row_count and self._flat.expand(self._cursor):
            self.rows_changed()

    def action_collapse(self) -> None:
        """Close the node; if it is closed, go to its parent."""
        if self._flat is None or not self.row_count:
            return
        if self._flat.collapse(self._cursor):
            self.rows_changed()
            return
        parent = self._flat.parent_of(self._cursor)
        if parent is not None:
            self.move_to(parent)

    def action_expand_all(self) -> None:
        self.expand_all()

    def expand_all(self, limit: int = EXPAND_LIMIT) -> bool:
        """Open everything below the cursor, at most `limit` nodes; False (and a message) if that was not all."""
        if self._flat is None or not self.row_count:
            return True
        complete = self._flat.expand_all(self._cursor, limit)
        self.rows_changed()
        if not complete:
            self.post_message(self.ExpandCut(self, limit))
        return complete

    def action_collapse_all(self) -> None:
        """Close every node; the cursor goes to the root it stood below."""
        if self._flat is None or not self.row_count:
            return
        root = self._flat.path_of(self._cursor)[0]
        self._flat.expanded.clear()
        self._flat.rebuild()
        self._cursor_to(self._flat.index_of(root) or 0)

    def action_shift(self, direction: int) -> None:
        self._shift = max(0, self._shift + direction * SHIFT_CELLS)
        self.refresh()

    def row_clicked(self, index: int, x: int) -> None:
        if self._flat is not None and not self._columns_left:
            start = len(self._indent(self._flat.depths[index], self.size.width)) - self._shift
            if start <= x < start + 2:
                self.action_toggle_branch()

    # ---- search
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "next_hit":
            return self._matcher is not None
        return True

    def search(self, query: str) -> None:
        """Look for a text in every node, closed branches included, and go to the first hit from the cursor on.

        An empty query ends the search. The scan leaves the keys alive; `SearchChanged` tells how it goes.
        """
        self._matcher = Matcher(query) if query else None
        self._search = None
        self.refresh()
        if self._matcher is None or self._flat is None:
            self._stop(self._scanning)
            self._tell_hit(None)
        else:
            self._scan(go=True)

    def action_next_hit(self, direction: int) -> None:
        """Go to the next hit, or the previous one, and around the end."""
        place = self._cursor_place()
        hit = self._search.next(place, direction) if self._search is not None and place is not None else None
        if hit is not None:
            self._go_to_hit(hit)

    def _go_to_hit(self, hit: int) -> None:
        if self._flat is not None and self._search is not None:
            self.go_to(path_at(self._flat.source, self._search.place(hit)))
            self._tell_hit(hit)

    def _tell_hit(self, hit: int | None) -> None:
        search = self._search
        total, complete = (search.total, search.complete) if search is not None else (0, True)
        self.post_message(self.SearchChanged(self, 0 if hit is None else hit + 1, total, complete))

    def _cursor_place(self) -> Place | None:
        if self._flat is None or not self._flat.nodes:
            return None
        return place_of(self._flat.source, self._flat.path_of(self._cursor))

    @staticmethod
    def _stop(worker: Worker[None] | None) -> None:
        if worker is not None:
            worker.cancel()

    def _scan(self, *, go: bool) -> None:
        """Search the source that is shown, and `go` to the first hit from the cursor on."""
        if self._flat is None or self._matcher is None:
            return
        self._search = TreeSearch(self._flat.source, self._matcher, self._cursor_place() if go else None)
        self._stop(self._scanning)
        self._scanning = self.run_worker(partial(self._search.run, self._hits_found), group="tree-search")

    def _hits_found(self) -> None:
        """Go where the search was to go as soon as that is known, and tell how it stands."""
        arrival = self._search.arrival() if self._search is not None else None
        if arrival is not None:
            self._go_to_hit(arrival)
        else:
            self._tell_hit(self._search.hit_at(self._cursor_place()) if self._search is not None else None)

    # ---- filter
    def set_filter(self, query: str) -> None:
        """Show only the branches in which the query is found, opened; empty: everything, opened as it was before."""
        self._filter = query
        if self._flat is None:
            return
        if query:
            self._stop(self._filtering)
            self._filtering = self.run_worker(partial(self._filter_all, Matcher(query)), group="tree-filter")
            return
        self._stop(self._filtering)
        self._unfilter()

    def _unfilter(self) -> None:
        if self._flat is None or self._open_before_filter is None:
            return
        path = self._flat.path_of(self._cursor) if self._flat.nodes else []
        self._flat.expanded, self._open_before_filter = self._open_before_filter, None
        self._flat.restrict(None, set())
        self._cursor_to((self._flat.reveal(path) if path else None) or 0)

    async def _filter_all(self, matcher: Matcher) -> None:
        flat = self._flat
        if flat is None:
            return
        matches, above = set[NodeT](), set[NodeT]()

        def found(walk: Walk[NodeT], node: NodeT) -> None:
            matches.add(node)
            above.update(walk.path()[:-1])

        await look_through(flat.source, matcher, found)
        here = self.cursor_node
        if self._open_before_filter is None:
            self._open_before_filter = flat.expanded
        flat.expanded = above
        flat.restrict(above | matches, matches)
        row = flat.index_of(here) if here is not None else None
        first = next((row for row, node in enumerate(flat.nodes) if node in matches), 0)
        self._cursor_to(first if row is None else row)
