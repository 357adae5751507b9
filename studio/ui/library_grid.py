"""Where the library's cells lie: one row that goes sideways while there is no room for two, else rows that go down."""

import msgspec

STRIP_CELL_PX, GRID_CELL_PX = 60, 116
"""Of the grid, the least: what is left over is shared out."""
MARGIN_PX = 8
_GRID_FROM_PX = 2 * STRIP_CELL_PX
"""Heights below this have room for one row only."""


class Grid(msgspec.Struct, frozen=True, kw_only=True):
    """Equal square cells, numbered from 0. Everything is found by arithmetic, however many there are. In pixels."""

    count: int
    columns: int
    cell: int
    is_strip: bool

    @property
    def lines(self) -> int:
        """How many rows of cells there are."""
        return -(-self.count // self.columns)

    @property
    def width(self) -> int:
        """Of all cells, margins included."""
        return self.columns * self.cell + 2 * MARGIN_PX

    @property
    def height(self) -> int:
        """Of all cells."""
        return self.lines * self.cell

    def corner(self, number: int) -> tuple[int, int]:
        """Left and top of a cell."""
        line, column = divmod(number, self.columns)
        return MARGIN_PX + column * self.cell, line * self.cell

    def at(self, x: int, y: int) -> int:
        """The cell under a point; -1 where there is none."""
        column, line = (x - MARGIN_PX) // self.cell, y // self.cell
        number = line * self.columns + column
        is_inside = 0 <= column < self.columns and line >= 0 and number < self.count
        return number if is_inside else -1

    def nearest(self, x: int, y: int) -> int:
        """The cell under a point, or the one next to it; -1 where there are none at all."""
        column = min(max((x - MARGIN_PX) // self.cell, 0), self.columns - 1)
        line = min(max(y // self.cell, 0), max(self.lines - 1, 0))
        return min(line * self.columns + column, self.count - 1)

    def touching(self, left: int, top: int, right: int, bottom: int) -> list[int]:
        """The cells that a rectangle meets, in order."""
        columns = range(
            max((left - MARGIN_PX) // self.cell, 0), min((right - MARGIN_PX) // self.cell + 1, self.columns)
        )
        lines = range(max(top // self.cell, 0), min(bottom // self.cell + 1, self.lines))
        found = (line * self.columns + column for line in lines for column in columns)
        return [number for number in found if number < self.count]


def grid_for(width: int, height: int, count: int) -> Grid:
    """How `count` cells lie in a view of this size."""
    if height < _GRID_FROM_PX:
        return Grid(count=count, columns=max(count, 1), cell=STRIP_CELL_PX, is_strip=True)
    room = max(width - 2 * MARGIN_PX, GRID_CELL_PX)
    columns = room // GRID_CELL_PX
    return Grid(count=count, columns=columns, cell=room // columns, is_strip=False)
