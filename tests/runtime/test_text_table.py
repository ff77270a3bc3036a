from swapper.runtime.text_table import text_table


def test_columns_are_aligned_and_cells_stay_what_they_are() -> None:
    rows = [["a", "0.5 [0.4, 0.6]", "x"], ["한국어", "12", ":smile: [bold]b[/]"], ["", "1", ""]]
    assert text_table(["name", "", "what"], rows, words=(0, 2)).splitlines() == [
        "name                    what",
        "a       0.5 [0.4, 0.6]  x",
        "한국어              12  :smile: [bold]b[/]",
        "                     1",
    ]


def test_long_lines_are_not_cut() -> None:
    assert text_table(["n", "v"], [["a", "x" * 500]]) == f"n  {'v':>500}\na  {'x' * 500}"
