"""The training view, driven without a browser; its steps against plain Keras."""

import asyncio
import math
import time

import keras
import numpy as np
import pytest
import redraw
from ipywidgets.widgets import widget as registry

from cnnkit import augment, data, plot, widgets
from cnnkit.widgets.live_training import BATCHES, MOMENTUM, RATES

KERAS = {
    "SGD": lambda rate: keras.optimizers.SGD(rate, 0.8),
    "Nesterov": lambda rate: keras.optimizers.SGD(rate, 0.8, nesterov=True),
    "AdaGrad": lambda rate: keras.optimizers.Adagrad(rate),
    "Adadelta": lambda rate: keras.optimizers.Adadelta(rate),
    "RMSProp": lambda rate: keras.optimizers.RMSprop(rate),
    "Adam": lambda rate: keras.optimizers.Adam(rate),
}
DIGITS = data.load("digits8")
SMALL = (DIGITS.x_train[:160], DIGITS.y_train[:160], *DIGITS[2:])


class Traces(keras.layers.Layer):
    """Counts how often its call is written into a compiled function for training."""

    count = 0

    def call(self, x, training=False):
        Traces.count += bool(training)
        return x


def net(softmax=True, seed=0, trace=False):
    keras.utils.set_random_seed(seed)
    layers = [
        keras.Input((8, 8, 1)),
        keras.layers.Conv2D(4, 3, activation="relu", name="conv"),
        keras.layers.Flatten(name="flatten"),
        *([Traces()] if trace else []),
        keras.layers.Dense(10, "softmax" if softmax else None, name="scores"),
    ]
    return keras.Sequential(layers, name="small")


def loss(softmax=True):
    return keras.losses.SparseCategoricalCrossentropy(from_logits=not softmax)


def numpy(tensor):
    return np.asarray(tensor).copy()


def weights(model):
    return [numpy(v) for v in model.variables]


def same(a, b):
    return all((x == y).all() for x, y in zip(a, b, strict=True))


def shift(images, rng):
    return augment.shift(images, rng, 2)


class Losses(keras.callbacks.Callback):
    """The loss of each batch, out of Keras's running mean of an epoch."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(float(logs["loss"]))


# --- the steps are those of Keras --------------------------------------------------


@pytest.mark.parametrize("name", RATES)
def test_steps_are_those_of_a_plain_loop(name):
    view = widgets.training_view(
        net(), SMALL, optimizer=name, momentum=0.8, batch_size=32, seed=3,
        augmentation=["flip", "shift"],
    )  # fmt: skip
    view.advance(7)  # more than the five batches of an epoch
    model = net()
    model.compile(KERAS[name](RATES[name]), loss())
    batches = augment.batches(*SMALL[:2], 32, [augment.flip, shift], seed=3)
    expected = []
    for step in range(7):
        x, y = batches[step % 5]
        expected.append(float(model.train_on_batch(x / np.float32(255), y)))
        if step == 4:
            batches.on_epoch_end()
    np.testing.assert_allclose(view.result.losses, expected, rtol=1e-5, atol=1e-5)
    for mine, theirs in zip(weights(view.run.model), weights(model), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-5)


@pytest.mark.parametrize("softmax", [True, False])
def test_steps_are_those_of_fit(softmax):
    view = widgets.training_view(net(softmax), SMALL, optimizer="Adam", batch_size=64)
    view.advance(3)
    model, losses = net(softmax), Losses()
    model.compile("adam", loss(softmax))
    batches = augment.batches(SMALL[0] / np.float32(255), SMALL[1], 64)
    x, y = map(np.concatenate, zip(*(batches[k] for k in range(3)), strict=True))
    model.fit(x, y, 64, shuffle=False, verbose=0, callbacks=[losses])
    images = np.cumsum([64, 64, 32])  # Keras shows the mean over the epoch so far
    mean = np.cumsum(view.result.losses * [64, 64, 32]) / images
    np.testing.assert_allclose(mean, losses.seen, rtol=1e-5, atol=1e-5)
    right = numpy(model(DIGITS.x_test / np.float32(255))).argmax(-1) == DIGITS.y_test
    chosen = np.random.default_rng(0).permutation(len(right))[:400]
    assert view.result.held_out == pytest.approx(right[chosen].mean(), abs=0.01)


def test_weight_decay_is_that_of_keras():
    view = widgets.training_view(net(), SMALL, weight_decay=0.1, learning_rate=0.1)
    view.advance(4)
    model = net()
    model.compile(keras.optimizers.SGD(0.1, 0.9, weight_decay=0.1), loss())
    batches = augment.batches(SMALL[0] / np.float32(255), SMALL[1])
    for step in range(4):
        model.train_on_batch(*batches[step])
    for mine, theirs in zip(weights(view.run.model), weights(model), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-6)


def test_preprocessing_comes_behind_augmentation():
    seen = []

    def centred(images):
        seen.append(images.dtype)
        return images / np.float32(255) - 0.5

    view = widgets.training_view(net(), SMALL, preprocess=centred)
    view.run.use({**view.settings, "shift": True})
    x, y = view.run.batch()
    images, labels = augment.batches(*SMALL[:2], 32, [shift])[0]
    np.testing.assert_array_equal(x, images / np.float32(255) - 0.5)
    np.testing.assert_array_equal(y, labels)
    assert set(seen) == {np.dtype(np.uint8)}


# --- changes in mid-run ------------------------------------------------------------


def test_changes_keep_the_weights_and_compile_only_where_they_must():
    view = widgets.training_view(net(trace=True), SMALL, optimizer="SGD", batch_size=16)
    view.advance(2)
    count = Traces.count
    for change in (
        {"learning_rate": 0.1},
        {"momentum": 0.0},
        {"momentum": 0.5},
        {"weight_decay": 0.01},
        {"flip": True},
        {"shift": True, "lens": True},
        {"flip": False},
    ):
        before = weights(view.run.model)
        view.set(**change)
        assert same(before, weights(view.run.model)) and view.message == ""
        view.advance(1)
        assert not same(before, weights(view.run.model))
    assert Traces.count == count, "no change of these compiles the step again"
    for change in ({"batch_size": 32}, {"optimizer": "Adam"}):
        before, count = weights(view.run.model), Traces.count
        view.set(**change)
        assert same(before, weights(view.run.model))
        view.advance(3)
        assert Traces.count > count
        count = Traces.count
    view.set(optimizer="SGD")  # seen before, also with this batch size
    view.advance(2)
    assert Traces.count == count
    assert [mark[1] for mark in view.run.marks][-2:] == [
        "Adam with an empty memory, learning rate 0.001",
        "SGD with an empty memory, learning rate 0.01",
    ]
    view.close()


def test_a_change_acts_as_in_keras():
    """Another rate, momentum and batch size in mid-run, against a plain loop."""
    view = widgets.training_view(net(), SMALL, batch_size=32, momentum=0.9)
    view.advance(2)
    view.set(learning_rate=0.2, batch_size=16)
    view.advance(2)
    view.set(momentum=0.0)
    view.advance(1)
    model, optimizer = net(), keras.optimizers.SGD(0.01, 0.9)
    model.compile(optimizer, loss())
    order = np.random.default_rng([0, 0]).permutation(160)
    x, y = SMALL[0][order] / np.float32(255), SMALL[1][order]
    expected = [
        float(model.train_on_batch(x[a : a + 32], y[a : a + 32])) for a in (0, 32)
    ]
    optimizer.learning_rate = 0.2
    expected += [
        float(model.train_on_batch(x[a : a + 16], y[a : a + 16])) for a in (64, 80)
    ]
    model.compile(keras.optimizers.SGD(view.settings["learning_rate"]), loss())
    expected.append(float(model.train_on_batch(x[96:112], y[96:112])))
    np.testing.assert_allclose(view.result.losses, expected, rtol=1e-5, atol=1e-5)
    for mine, theirs in zip(weights(view.run.model), weights(model), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-5)
    view.close()


def test_another_optimizer_begins_with_a_rate_of_its_own_and_no_memory():
    view = widgets.training_view(net(), SMALL, optimizer="Adam")
    view.advance(3)
    view.set(optimizer="SGD")
    assert view.settings["learning_rate"] == RATES["SGD"]
    assert not view.controls["momentum"].disabled
    view.set(optimizer="Adam")
    assert view.controls["momentum"].disabled
    optimizer = view.run.net.optimizer
    assert int(optimizer.iterations) == 0
    assert not any(numpy(v).any() for v in optimizer._momentums)
    view.close()


def test_marks_of_one_drag_or_one_step_are_one(monkeypatch):
    view = widgets.training_view(net(), SMALL)
    view.advance(2)
    for rate in (0.02, 0.04, 0.08):
        view.set(learning_rate=rate)
    assert [mark[:2] for mark in view.run.marks] == [(2, "learning rate 0.08")]
    view.set(flip=True)
    assert [mark[1] for mark in view.run.marks] == ["learning rate 0.08, flip on"]
    monkeypatch.setattr(widgets.live_training, "DRAG", 0)
    view.advance(12)
    view.set(learning_rate=0.01)
    assert len(view.run.marks) == 2
    assert "<b>2</b> step 14: learning rate 0.01" in view.picture.value
    view.close()


# --- start, pause, step, reset -----------------------------------------------------


def test_reset_is_the_start():
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(4, 3),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.5),
            keras.layers.Flatten(),
            keras.layers.Dense(10, "softmax"),
        ]
    )
    view = widgets.training_view(model, SMALL, optimizer="Adam", augmentation=["flip"])
    first = weights(model)
    view.advance(7)
    losses, smoothed = view.result.losses, view.result.smoothed
    assert not same(first, weights(model))
    view.reset()
    assert same(first, weights(model)) and view.result.step == 0 == view.run.epoch
    np.testing.assert_array_equal(view.run.before[0], smoothed)
    view.advance(7)
    np.testing.assert_allclose(view.result.losses, losses, rtol=1e-6)


def run(coroutine):
    return asyncio.run(coroutine)


async def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "not in time"
        await asyncio.sleep(0.01)


def test_it_trains_by_itself_until_it_is_paused():
    async def scene():
        view = widgets.training_view(net(), SMALL, optimizer="Adam")
        start = view.widget and view.controls["start"]
        assert start.description == "Start"
        start.click()
        await until(lambda: view.run.step > 50)
        assert start.description == "Pause" and view.running
        view.set(learning_rate=0.005)  # in mid-run
        seen = view.run.step
        await until(lambda: view.run.step > seen + 20)
        start.click()
        await until(lambda: start.description == "Start")
        count = view.run.step
        await asyncio.sleep(0.3)
        assert view.run.step == count and not view.running
        assert f"Paused after step {count}" in view.parts["said"].value
        view.controls["step"].click()
        assert view.run.step == count + 1 == view.result.step
        view.controls["reset"].click()
        assert view.run.step == 0 and same(weights(view.run.model), view.run._start)
        assert "before the reset" in view.picture.value
        start.click()
        await until(lambda: view.run.step > 5)
        view.close()  # ends the task as well
        await until(lambda: view._task.done())
        assert view.message == ""

    before = set(registry._instances)
    run(scene())
    assert set(registry._instances) == before


def test_others_get_their_turn_while_two_views_train():
    async def scene():
        views = [
            widgets.training_view(net(seed=k), SMALL, optimizer="Adam") for k in (0, 1)
        ]
        for view in views:
            view.widget  # noqa: B018
            view.advance(1)  # compiles
            view.start()
        gaps, last = [], time.perf_counter()
        while min(view.run.step for view in views) < 150:
            await asyncio.sleep(0)
            now = time.perf_counter()
            gaps.append(now - last)
            last = now
        for view in views:
            view.pause()
        await until(lambda: all(view._task.done() for view in views))
        for view in views:
            view.close()
        return np.array(gaps), views

    gaps, views = run(scene())
    # a training that gives nobody a turn would be a single gap, as long as the whole
    assert np.quantile(gaps[gaps > 0.005], 0.8) < gaps.sum() / 10
    for view in views:
        spent = view.times
        share = spent["drawing"] / sum(spent[k] for k in ("training", "drawing"))
        assert view.result.held_out > 0.3 and share < 0.5


def test_an_error_in_a_step_is_shown_and_the_view_goes_on():
    broken = []

    def preprocess(images):
        if broken:
            raise RuntimeError("no pixels")
        return images / np.float32(255)

    async def scene():
        view = widgets.training_view(net(), SMALL, preprocess=preprocess)
        view.widget  # noqa: B018
        view.start()
        await until(lambda: view.run.step > 3)
        broken.append(1)
        await until(lambda: view._task.done())
        assert view.message == "RuntimeError: no pixels" and not view.running
        assert 'role="alert"' in view.status.value
        assert view.controls["start"].description == "Start"
        broken.clear()
        count = view.run.step
        view.start()
        await until(lambda: view.run.step > count + 3)
        view.pause()
        await until(lambda: view._task.done())
        assert view.message == ""
        view.close()

    run(scene())


def test_a_loss_that_is_no_number_pauses_and_says_why():
    async def scene():
        view = widgets.training_view(net(softmax=False), SMALL, learning_rate=0.01)
        view.widget  # noqa: B018
        rescue = view.controls["rescue"]
        assert rescue.layout.display == "none"
        x = view.run.x
        view.run.preprocess = lambda images: images * np.float32(1e30)
        view.start()
        await until(lambda: view._task.done())
        assert not view.running and view.run.broken
        assert "not a number any more" in view.message and "0.01" in view.message
        assert "too high" in view.message and rescue.layout.display is None
        count = view.run.step
        view.start()
        await asyncio.sleep(0.1)
        assert view.run.step == count and "not a number" in view.message
        view.run.preprocess = lambda images: images / np.float32(255)
        rescue.click()
        assert view.run.step == 0 and view.message == ""
        assert rescue.layout.display == "none"
        assert view.settings["learning_rate"] == pytest.approx(0.001)
        view.advance(3)
        assert np.isfinite(view.result.losses).all() and view.run.x is x
        view.close()

    run(scene())


def test_without_an_event_loop_start_says_what_to_do():
    view = widgets.training_view(net(), SMALL)
    with pytest.raises(RuntimeError, match="use advance"):
        view.start()
    view.widget  # noqa: B018
    view.controls["start"].click()
    assert "use advance(steps)" in view.message
    view.close()


def test_a_page_that_is_gone_pauses_it(monkeypatch):
    monkeypatch.setattr(widgets.live_training, "AWAY", 0.4)

    async def scene():
        view = widgets.training_view(net(), SMALL)
        view.widget  # noqa: B018
        seen = view.widget.children[0].children[-1].children[1]
        view.start()
        await until(lambda: view._frame > 1)
        seen.value = "1"  # what the page reports after a frame
        await until(lambda: view._task.done())
        assert "no page has shown this view" in view.parts["said"].value
        view.close()

    run(scene())


def test_showing_the_same_model_again_closes_the_older_view(monkeypatch):
    import IPython.display

    monkeypatch.delenv("CNNKIT_TEST", raising=False)
    monkeypatch.setattr(IPython.display, "display", lambda *_: None)
    model = net()
    old, new, other = (
        widgets.training_view(m, SMALL) for m in (model, model, net(seed=1))
    )
    for view in (old, other, new):
        view.show()
    assert old._widget is None and other._widget and new._widget
    cells = iter([("cell", 1), ("cell", 1), ("cell", 2)])
    monkeypatch.setattr(widgets.live_training, "_this_cell", lambda: next(cells))
    a, b, c = (widgets.training_view(net(), SMALL) for _ in range(3))
    a.show()
    b.show()
    assert a._widget and b._widget, "two views in one cell"
    c.show()  # the cell is run again
    assert a._widget is None and b._widget is None and c._widget
    for view in (other, new, c):
        view.close()


IN_A_KERNEL = """
from cnnkit import data, models, widgets
model = models.convnetjs_cifar10((8, 8, 1))
view = widgets.training_view(model, data.load("digits8"), optimizer="Adam")
_ = view.widget
view.advance(1)
view.start()
print(view.controls["start"].comm.comm_id)
"""


class Kernel:
    """A kernel as JupyterLab uses it, widgets answered on a subshell."""

    def __init__(self):
        from jupyter_client.manager import start_new_kernel

        self.manager, self.client = start_new_kernel(kernel_name="python3")
        request = self.client.session.msg("create_subshell_request", {})
        self.client.control_channel.send(request)
        reply = self.client.control_channel.get_msg(timeout=30)
        self.subshell = reply["content"]["subshell_id"]

    def run(self, code):
        """What a cell prints, or the name of what it raises."""
        texts = []

        def hook(message):
            content = message["content"]
            if message["msg_type"] in ("stream", "error"):
                texts.append(content.get("text") or content["ename"])

        self.client.execute_interactive(code, timeout=120, output_hook=hook)
        return "".join(texts).strip()

    def click(self, comm):
        data = {"method": "custom", "content": {"event": "click"}}
        message = self.client.session.msg("comm_msg", {"comm_id": comm, "data": data})
        message["header"]["subshell_id"] = self.subshell
        self.client.shell_channel.send(message)

    def until(self, expression, seconds=60):
        end = time.monotonic() + seconds
        while self.run(f"print({expression})") != "True":
            assert time.monotonic() < end, f"{expression}: not in time"
            time.sleep(0.1)


def test_in_a_kernel_it_trains_between_cells():
    kernel = Kernel()
    try:
        start = kernel.run(IN_A_KERNEL)
        kernel.until("view.run.step > 20")
        assert kernel.run("1 / 0") == "ZeroDivisionError"
        before = int(kernel.run("print(view.run.step)"))
        kernel.until(f"view.run.step > {before} + 20")
        kernel.click(start)  # on a thread that does not train
        kernel.until("not view.running and view._task.done()")
        assert kernel.run("print(view.message, view.run.step == view.result.step)") == (
            "True"
        )
        before = int(kernel.run("print(view.run.step)"))
        time.sleep(0.5)
        assert int(kernel.run("print(view.run.step)")) == before
        kernel.click(start)
        kernel.until(f"view.run.step > {before} + 5")
        kernel.manager.interrupt_kernel()  # no cell runs: it pauses the view
        kernel.until("not view.running and view._task.done()")
        told = kernel.run("print(view.parts['said'].value)")
        assert "Paused by an interrupt" in told
        assert kernel.run("view.start(); print(view.running)") == "True"
        assert kernel.run("view.close(); print(view.running)") == "False"
    finally:
        kernel.client.stop_channels()
        kernel.manager.shutdown_kernel(now=True)


# --- what is shown ------------------------------------------------------------------


def test_numbers_and_panels_follow_the_run():
    view = widgets.training_view(net(), SMALL, optimizer="Adam", layer="conv")
    view.widget  # noqa: B018
    view.advance(40)
    run, result = view.run, view.result
    probabilities = numpy(run.model(run._test))
    said = probabilities.argmax(-1)
    assert result.held_out == pytest.approx((said == run.test_labels).mean())
    assert f"≈{result.held_out:.3f}" in view.parts["numbers"].value
    decay = 0.95 ** np.arange(40)[::-1]
    mean = (decay * result.losses).sum() / decay.sum()
    assert result.loss == pytest.approx(mean)
    wrong = np.flatnonzero(said != run.test_labels)
    surest = sorted(wrong, key=lambda k: -probabilities[k].max())[:10]
    assert [k for k, *_ in run.mistakes(10)] == [int(k) for k in surest]
    assert view.parts["mistakes"].value.count("data-pick") == len(surest) + 1
    conv = keras.Model(run.model.inputs[0], run.model.get_layer("conv").output)
    view.set(image=5)
    maps, scores = run.look("conv", 5)
    np.testing.assert_allclose(maps, numpy(conv(run._test[5:6]))[0], atol=1e-6)
    np.testing.assert_allclose(scores, probabilities[5], atol=1e-6)
    name = run.class_names[run.test_labels[5]]
    assert f"image 5: {name}" in view.parts["maps"].value
    view.set(layer="scores")
    assert "values of scores" in view.parts["maps"].value
    np.testing.assert_array_equal(
        run.filters(), numpy(run.model.get_layer("conv").kernel)
    )
    view.close()


def test_colours_floats_and_dense_networks():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 8, 8, 3)).astype("float32")
    y = rng.integers(0, 3, 40)
    model = keras.Sequential(
        [keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(3)]
    )
    view = widgets.training_view(model, (x, y, x, y), batch_size=8)
    view.widget  # noqa: B018
    view.advance(2)
    assert view.run.filters() is None and view.parts["filters"].value == ""
    assert "colour axes" not in view.run.transforms  # these are no colours from 0 to 1
    assert view.run.class_names == ["0", "1", "2"] and view.message == ""
    view.close()


def test_a_redraw_is_quick():
    view = widgets.training_view(net(), SMALL, optimizer="Adam")
    view.widget  # noqa: B018
    view.advance(300)
    assert redraw.plain_figures(view._draw_frame, [{}] * 5) < redraw.PLAIN / 4
    view.close()


def test_still(monkeypatch):
    before = set(registry._instances)
    stills = []
    monkeypatch.setenv("CNNKIT_TEST", "1")
    monkeypatch.setattr(plot, "show", lambda *a: stills.append(a))
    model = net()
    first = weights(model)
    view = widgets.training_view(model, DIGITS, optimizer="Adam", steps=60)
    view.show()
    view.show()
    ((figure, alt), (_, again)) = stills
    assert hasattr(figure, "savefig") and 20 <= len(alt) <= 400 and alt.endswith(".")
    assert alt == again and "after 60 steps of Adam" in alt and alt.count("≈") == 4
    assert set(registry._instances) == before and same(first, weights(model))
    assert view.run.step == 0 and math.isnan(view._result().loss)


def test_every_control_has_a_name():
    view = widgets.training_view(net(), SMALL)
    view.widget  # noqa: B018
    for name, control in view.controls.items():
        assert getattr(control, "description", "") or control.tooltip, name
    assert set(MOMENTUM) < set(RATES) == set(KERAS)
    sizes = [value for _, value in view.controls["batch_size"].options]
    assert sizes == [size for size in BATCHES if size <= 160]
    view.close()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"model": keras.Sequential([keras.layers.Dense(3)])}, "expected a built"),
        ({"data": SMALL[:3]}, "expected data"),
        ({"data": (SMALL[0][..., 0], *SMALL[1:])}, "expected x_train"),
        ({"data": (SMALL[0], SMALL[1][:-1], *SMALL[2:])}, "expected y_train"),
        ({"data": (SMALL[0], SMALL[1] + 5, *SMALL[2:])}, "class numbers below 10"),
        ({"data": (*SMALL[:4], ["a", "b"])}, "expected 10 class names"),
        ({"optimizer": "Muon"}, "expected an optimizer of SGD"),
        ({"augmentation": ["blur"]}, "expected augmentations of flip"),
        ({"learning_rate": 0.0}, "expected learning_rate from"),
        ({"momentum": 1.0}, "expected momentum from"),
        ({"batch_size": 1000}, "expected batch_size from 1 to 160"),
        ({"layer": "conv9"}, "expected a layer of conv"),
        ({"steps": 0}, "expected steps from 1"),
        ({"held_out": 0}, "expected held_out from 1"),
    ],
)
def test_it_refuses_what_makes_no_sense(change, says):
    arguments = {"model": net(), "data": SMALL, **change}
    with pytest.raises(ValueError, match=says):
        widgets.training_view(**arguments)
