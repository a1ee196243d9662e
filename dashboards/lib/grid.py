"""The grid: rows of panels, laid out from left to right on 24 columns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dashboards.lib.look import Panel
from dashboards.lib.sources import Json

COLUMNS = 24


@dataclass(frozen=True, slots=True)
class Row:
    """A titled row. A collapsed one asks nothing until it is opened."""

    title: str
    panels: Sequence[Panel]
    collapsed: bool = False

    @property
    def key(self) -> str:
        """Names the row within its dashboard."""
        return f"row {self.title}"


def row(title: str, *panels: Panel, collapsed: bool = False) -> Row:
    """Return a row of these panels."""
    return Row(title, panels, collapsed)


def lines(panels: Sequence[Panel]) -> Iterator[list[Panel]]:
    """Break panels into lines as wide as the grid."""
    line: list[Panel] = []
    for panel in panels:
        if sum(each.width for each in line) + panel.width > COLUMNS:
            yield line
            line = []
        line.append(panel)
    if line:
        yield line


def place(panels: Sequence[Panel], top: int) -> tuple[list[tuple[Panel, Json]], int]:
    """Return each panel with its position, and the height at which the next thing may begin.

    The panels of a line are as high as the highest, so that none overlaps and no gap is left.
    """
    placed = []
    for line in lines(panels):
        left, height = 0, max(panel.height for panel in line)
        for panel in line:
            placed.append((panel, {"x": left, "y": top, "w": panel.width, "h": height}))
            left += panel.width
        top += height
    return placed, top
