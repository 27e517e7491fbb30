"""The dependency tree, one line a node."""

from tui.state.tree import TreeRow, TreeState
from tui.text import ELLIPSIS, Line, Part, width_of
from tui.widgets.lines import LineList, spread


class TreeView(LineList[TreeRow]):
    """Cached, installed and missing nodes in one tree."""

    def __init__(self) -> None:
        super().__init__(id="tree")
        self.state: TreeState | None = None
        """What is drawn, `None` before there is a plan."""

    def update(self) -> None:
        """Draw the rows anew after a fold."""
        if self.state:
            self.show(self.state.rows(), key=lambda row: (row.parent, row.hash))

    def toggle(self, row: TreeRow) -> None:
        """Fold or unfold a row."""
        if self.state:
            self.state.toggle(row.hash)
            self.update()

    def draw(self, row: TreeRow, width: int) -> Line:
        """Guides, node, size."""
        left = (
            Part(" "),
            Part(_shortened(row.guides, width // 2), "quiet"),
            *(self.state.label(row) if self.state else ()),
        )
        amount = self.state.amount(row) if self.state else ""
        return spread(left, (Part(f"{amount} ", "quiet"),), width)

    def parent_of(self, row: TreeRow) -> int | None:
        """Index of the row above in the tree; `None` for a root."""
        above = (at for at, other in enumerate(self.rows) if other.hash == row.parent)
        return next(above, None)


def _shortened(guides: str, width: int) -> str:
    """Guides that leave room for the node, however deep it is."""
    if width_of(guides) <= width:
        return guides
    return ELLIPSIS + guides[-max(width - 1, 0) :] if width > 3 else ""
