import xml.etree.ElementTree as ElementTree

import pytest

from swapper.studies.charts import Axis, Series, around, chart, legend, stack

SVG = "{http://www.w3.org/2000/svg}"


def test_ticks_are_round_and_inside():
    assert Axis("", 0, 100).ticks() == [0, 20, 40, 60, 80, 100]
    assert Axis("", 0.13, 0.66).ticks() == [0.2, 0.4, 0.6]
    assert Axis("", -1, 1).ticks() == [-1, -0.5, 0, 0.5, 1]


def test_axes_hold_all_numbers_with_room():
    axis = around("", [2, 4, float("nan")])
    assert axis.low < 2 and axis.high > 4
    assert around("", [2, 4], zero=True).low == 0
    assert around("", [3, 3]).low < 3 < around("", [3, 3]).high
    assert around("", []).low < around("", []).high


def test_a_chart_is_valid_and_says_its_points():
    series = [
        Series("A & B", [(0, 0), (50, float("nan")), (100, 1)]),
        Series("even", [(0, 0), (100, 1)], dashed=True),
    ]
    drawn = ElementTree.fromstring(chart("What <this> shows.", Axis("x", 0, 100), Axis("y", 0, 1), series, marker=True))
    assert drawn.get("role") == "img" and drawn.get("aria-label") == "What <this> shows."
    dots = drawn.findall(f"{SVG}circle")
    assert [dot.findtext(f"{SVG}title") for dot in dots] == ["A & B: 0 at 0", "A & B: 1 at 100"]
    left, right = (float(dot.get("cx", "")) for dot in dots)
    assert right - left == pytest.approx(300), "pages move the marker by 300 units over the whole axis"
    assert float(dots[0].get("cy", "")) > float(dots[1].get("cy", ""))
    assert len(drawn.findall(f"{SVG}polyline")) == 2
    assert drawn.find(f"{SVG}line[@class='marker']") is not None


def test_a_chart_is_light_and_needs_nothing_else():
    points = [(10.0 * i, i * i / 100) for i in range(11)]
    drawn = chart("Eleven steps.", Axis("x", 0, 100), Axis("y", 0, 1), [Series("A", points), Series("B", points)])
    assert len(drawn) < 6000
    assert "<script" not in drawn and "http" not in drawn.replace('xmlns="http://www.w3.org/2000/svg"', "")


def test_bars_stand_on_the_axis():
    bars = Series("step", [(25, 2), (75, 4)], ["first", "second"])
    drawn = ElementTree.fromstring(chart("Bars.", Axis("x", 0, 100), Axis("y", 0, 4), [bars], bars=True))
    heights = [float(bar.get("height", "")) for bar in drawn.findall(f"{SVG}rect")]
    assert heights[1] == pytest.approx(2 * heights[0], rel=0.01)


def test_names_are_escaped_and_charts_stack():
    assert "&lt;b&gt;" in legend([Series("<b>", [])])
    drawn = chart("One.", Axis("x", 0, 1), Axis("y", 0, 1), [Series("a", [(0, 0)])])
    assert len(ElementTree.fromstring(stack([drawn, drawn])).findall(f"{SVG}svg")) == 2
