"""The map as a picture: what it says of labels, numbers and views, as dots and as a grid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from matplotlib import colormaps, image
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from echodex.api import Store
from echodex.errors import NotFound
from echodex.explorer import panel as room
from echodex.explorer.layout import layout
from echodex.explorer.map import draw_map, draw_store
from echodex.explorer.panel import COLORS, KEPT, MARKERS, OTHER, PRUNED, Panel, draw_panel
from echodex.explorer.server.values import Values, category, number

Points = np.ndarray[tuple[int, int], np.dtype[np.float32]]


@pytest.fixture(params=[False, True], ids=["dots", "grid"])
def dense(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether clips are drawn as a grid, as they are above so many."""
    if request.param:
        monkeypatch.setattr(room, "DOTS", 0)
    return bool(request.param)


def corners(count: int) -> Points:
    return np.array([(-0.9, -0.9), (0.9, -0.9), (-0.9, 0.9), (0.9, 0.9)], dtype=np.float32)[np.arange(count) % 4]


def drawn(panel: Panel, points: Points, out: Path) -> tuple[list[str], dict[str, tuple[float, ...]]]:
    """Draw one panel; return what the legend says, and the colour of the picture at each corner that has clips."""
    figure = Figure(figsize=(4, 4), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1))
    draw_panel(axes, points, panel)
    legend = axes.get_legend()
    said = [text.get_text() for text in legend.get_texts()] if legend else []
    figure.savefig(out)
    picture = image.imread(out)
    places = {}
    for name, point in zip("abcd", corners(4), strict=True):
        x, y = (round(value) for value in axes.transData.transform(point))
        around = picture[397 - y : 404 - y, x - 3 : x + 4, :3].reshape(-1, 3)
        places[name] = tuple(around[np.abs(1 - around).sum(axis=1).argmax()].tolist())  # the least white
    return [axes.get_title(), *said], places


def near(found: tuple[float, ...], color: str) -> bool:
    """Whether a colour, be it paler, is of this kind: the nearest of all that are drawn."""
    palette = {name: np.array(to_rgb(name)) for name in (*COLORS, OTHER, PRUNED)}
    return min(palette, key=lambda name: float(np.abs(palette[name] - found).sum())) == color


def test_labels(tmp_path: Path, dense: bool) -> None:
    labels = pa.array(["bass", "organ", "bass", None] * 25)
    said, at = drawn(Panel("label", category(labels)), corners(100), tmp_path / "x.png")
    assert said == ["100 clips by label", "none (25)", "bass (50)", "organ (25)"]
    assert near(at["a"], COLORS[0])
    assert near(at["b"], COLORS[1])
    assert near(at["c"], COLORS[0])
    assert near(at["d"], OTHER)


def test_more_labels_than_colours(tmp_path: Path, dense: bool) -> None:
    labels = pa.array([f"label {n // 2}" for n in range(100)])
    said, _ = drawn(Panel("label", category(labels)), corners(100), tmp_path / "x.png")
    shown = len(COLORS) * (1 if dense else len(MARKERS))
    assert said[1] == f"other ({100 - 2 * shown})"
    assert len(said) == 2 + shown


def test_names_are_shown_as_they_are(tmp_path: Path, dense: bool) -> None:
    """Whatever they mean to the library that draws."""
    names = ["$\\nonsense$", "_hidden", "two\nlines", "x" * 300]
    values = category(pa.array([name for number, name in enumerate(names) for _ in range(9 - number)]))
    said, _ = drawn(Panel("label", values), corners(30), tmp_path / "x.png")
    assert said[1:] == ["$\\nonsense$ (9)", "_hidden (8)", "two lines (7)", f"{'x' * 59}… (6)"]


def test_of_a_script_that_the_font_lacks_nothing_is_said(tmp_path: Path) -> None:
    draw_map(corners(4), [Panel("label", category(pa.array(["東京", "大阪"] * 2)))], tmp_path / "x.png")
    assert (tmp_path / "x.png").exists()


def test_clusters_are_in_the_order_of_their_numbers_and_noise_is_grey(tmp_path: Path, dense: bool) -> None:
    clusters = pa.array(["10", "noise", "2", "2"] * 10)
    said, at = drawn(Panel("cluster", category(clusters)), corners(40), tmp_path / "x.png")
    assert said[1:] == ["noise (10)", "2 (20)", "10 (10)"]
    assert near(at["b"], OTHER)
    assert near(at["c"], COLORS[0])


def test_a_view(tmp_path: Path, dense: bool) -> None:
    fates = category(pa.array(["kept: pinned", "pruned: redundant", "kept: selected", None] * 10))
    values = Values(fates.array, {**fates.header, "kept": [n.startswith("kept") for n in fates.header["names"]]})
    said, at = drawn(Panel("lean@1", values), corners(40), tmp_path / "x.png")
    assert said[0] == "lean@1: 20 of 30 kept (67%)"
    assert set(said[1:]) == {"kept (20)", "pruned (10)"}
    assert near(at["a"], KEPT)
    assert near(at["c"], KEPT)
    assert at["d"] == (1, 1, 1)  # not of the view's source
    if dense:
        assert near(at["b"], PRUNED)


def test_numbers_go_from_dark_to_light_and_what_has_none_is_grey(tmp_path: Path, dense: bool) -> None:
    values = number(np.array([1.0, 5.0, np.nan, 3.0] * 10), "s")
    said, at = drawn(Panel("duration", values), corners(40), tmp_path / "x.png")
    assert said == ["40 clips by duration"]
    assert sum(at["a"]) < sum(at["d"]) < sum(at["b"])
    assert near(at["c"], OTHER)


@pytest.mark.parametrize("value", [30.0, 0.0, -2.0])
def test_one_number_alone_is_in_the_middle_of_the_scale(tmp_path: Path, dense: bool, value: float) -> None:
    _, at = drawn(Panel("duration", number(np.full(40, value), "s")), corners(40), tmp_path / "x.png")
    low, middle, high = (np.array(colormaps[room.SCALE](share)[:3]) for share in (0.0, 0.5, 1.0))
    opaque = np.array(at["a"]) * 1.25 - 0.25 if not dense else np.array(at["a"])
    assert min((low, middle, high), key=lambda color: float(np.abs(color - opaque).sum())) is middle


@pytest.mark.parametrize("count", [0, 1, 3])
def test_few_clips_without_anything_to_say(tmp_path: Path, count: int, dense: bool) -> None:
    panels = [Panel("label", category(pa.nulls(count, pa.string()))), Panel("x", number(np.full(count, np.nan)))]
    draw_map(corners(count), panels, tmp_path / "x.png")
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")


def test_the_map_of_a_store(kinds: Store, tmp_path: Path) -> None:
    for name in ("lean", "leaner"):
        kinds.prune("random", keep=0.5 if name == "lean" else 0.1, duplicate_score=0).save(name)
    made = layout(kinds)
    sizes = []
    for number_, views in enumerate(([], ["lean"], ["lean@1"], ["leaner"])):
        draw_store(kinds, made, tmp_path / f"{number_}.png", views=views)
        sizes.append((tmp_path / f"{number_}.png").read_bytes())
    assert sizes[1] == sizes[2]
    assert len(set(sizes)) == 3
    assert image.imread(tmp_path / "1.png").shape[1] > 1.9 * image.imread(tmp_path / "0.png").shape[1]
    draw_store(kinds, made, tmp_path / "c.png", colors=["duration_s", "view_rank:lean@1"])
    with pytest.raises(NotFound, match="did you mean 'label'"):
        draw_store(kinds, made, tmp_path / "d.png", colors=["lable"])
    assert not (tmp_path / "d.png").exists()


def test_clips_that_were_removed_meanwhile_are_left_out(kinds: Store, tmp_path: Path) -> None:
    made = layout(kinds)
    kinds.remove(made.clip_ids.to_pylist()[1::2])
    draw_store(kinds, made, tmp_path / "stale.png")
    draw_store(kinds, layout(kinds), tmp_path / "new.png")
    assert (tmp_path / "stale.png").read_bytes() == (tmp_path / "new.png").read_bytes()
