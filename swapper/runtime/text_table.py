"""Tables for a terminal."""

from collections.abc import Collection, Sequence

from rich.console import Console
from rich.table import Table

_WIDE = 100_000  # columns: a line that is cut, or goes on below, is of no use to other programs


def text_table(head: Sequence[str], rows: Sequence[Sequence[str]], words: Collection[int] = (0,)) -> str:
    """Lines of aligned columns.

    Args:
        head: a name for each column.
        rows: as many cells each.
        words: numbers of the columns that are aligned left; the others are aligned right, as figures are.
    """
    table = Table(box=None, pad_edge=False)
    for number, name in enumerate(head):
        table.add_column(name, justify="left" if number in words else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    console = Console(width=_WIDE, color_system=None, markup=False, emoji=False, highlight=False)
    with console.capture() as printed:
        console.print(table)
    return "\n".join(line.rstrip() for line in printed.get().splitlines())
