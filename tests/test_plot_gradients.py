"""Figures of lesson 09: what they show is what they were given."""

import numpy as np
import pytest

from cnnkit import plot

Z, W = [0.7, 0.2, -1234.5678], [0.5, -1.5]
GZ, GW = [-3e-7, -0.98765, 1.0], [0.25, 0.0]


def written(fig, gid):
    return [t.get_text() for t in fig.axes[0].texts if t.get_gid() == gid]


def outlined(fig):
    """Centres of the outlined boxes."""
    return [
        tuple(np.round(p.get_center(), 2))
        for p in fig.axes[0].patches
        if p.get_linewidth() > 2
    ]


def test_chain_writes_every_value():
    fig = plot.chain(Z, W, GZ, GW)
    assert written(fig, "z") == ["0.7", "0.2", "−1234.6"]
    assert written(fig, "w") == ["0.5", "−1.5"]
    assert written(fig, "g(z)") == ["−3e−07", "−0.9877", "1"]
    assert written(fig, "g(w)") == ["0.25", "0"]
    assert outlined(fig) == []


@pytest.mark.parametrize(
    ("step", "z", "g", "gw", "new"),
    [
        (1, 2, 0, 0, 1),
        (2, 3, 0, 0, 1),
        (3, 3, 1, 0, 1),
        (4, 3, 2, 1, 2),
        (5, 3, 3, 2, 2),
    ],
)
def test_chain_fills_up_to_the_step(step, z, g, gw, new):
    fig = plot.chain(Z, W, GZ, GW, step)
    shown = [len(written(fig, gid)) for gid in ("z", "g(z)", "g(w)", "w")]
    assert shown == [z, g, gw, 2]
    assert len(outlined(fig)) == new


def test_gradients_fill_from_the_end():
    fig = plot.chain(Z, W, GZ, GW, step=4)
    assert set(written(fig, "g(z)")) == {"1", "−0.9877"}
    assert written(fig, "g(w)") == ["0"]


@pytest.mark.parametrize("n", range(1, 7))
def test_texts_of_a_chain_stay_in_their_boxes(n):
    fig = plot.chain(
        [-0.1234] * (n + 1), [-0.1234] * n, [-2e-9] * (n + 1), [-9.1234] * n
    )
    plot.image_bytes(fig)
    ax = fig.axes[0]
    boxes = [patch.get_window_extent() for patch in ax.patches]
    for text in ax.texts:
        if text.get_gid():
            extent = text.get_window_extent()
            assert any(
                box.x0 < extent.x0 and extent.x1 < box.x1 and box.y0 < extent.y0
                for box in boxes
            ), text


@pytest.mark.parametrize(
    "arguments",
    [
        ([1], [], [1], []),
        ([1] * 8, [1] * 7, [1] * 8, [1] * 7),
        ([1, 2], [1], [1], [1]),
        ([1, 2], [1], [1, 1], [1], 0),
        ([1, 2], [1], [1, 1], [1], 4),
    ],
)
def test_chain_refuses_what_does_not_fit(arguments):
    with pytest.raises(ValueError, match=r"expected .*; received"):
        plot.chain(*arguments)


def surface(point, gradient, path=None):
    fig, ax = plot.figure(width=4, height=4)
    a = np.linspace(-2, 2, 41)
    losses = a**2 + 3 * a[:, None] ** 2
    plot.loss_surface(ax, a, a, losses, point, gradient, path)
    return fig, ax


def test_arrow_starts_at_the_point_and_goes_against_the_gradient():
    _, ax = surface((1.0, 0.5), (2.0, 3.0))
    (arrow,) = [t for t in ax.texts if t.arrow_patch is not None]
    assert arrow.xy == pytest.approx(
        np.array([1, 0.5]) - np.array([2, 3]) / np.hypot(2, 3)
    )
    assert arrow.xyann == (1.0, 0.5)
    assert ax.get_aspect() == 1


def test_first_weight_runs_along_and_darker_is_higher():
    fig, ax = surface((1.0, 0.5), (2.0, 3.0))
    image = np.frombuffer(plot.base._pixels(fig).tobytes(), np.uint8).reshape(
        *plot.base._pixels(fig).size[::-1], 3
    )

    def dark(x, y):
        column, row = ax.transData.transform((x, y))
        return 255 - int(image[len(image) - 1 - int(row), int(column)].mean())

    # 3 at (0, 1.05), 1.1 at (1.05, 0)
    assert dark(-0.1, -1.45) > dark(-1.45, -0.1) > dark(-0.1, -0.1)


def test_path_is_drawn_point_by_point():
    path = [(1.0, 0.5), (0.5, 0.1), (0.2, 0.0)]
    _, ax = surface((1.0, 0.5), (2.0, 3.0), path)
    assert any(
        line.get_xydata().tolist() == [list(p) for p in path] for line in ax.lines
    )


@pytest.mark.parametrize("gradient", [(0, 0), (1, 2, 3)])
def test_surface_refuses_a_gradient_without_direction(gradient):
    with pytest.raises(ValueError, match="expected a gradient"):
        surface((0, 0), gradient)


def test_surface_refuses_losses_of_another_shape():
    _, ax = plot.figure()
    with pytest.raises(ValueError, match=r"expected losses of shape \(3, 2\)"):
        plot.loss_surface(ax, [0, 1], [0, 1, 2], np.ones((2, 3)), (0, 0), (1, 1))
