"""Training keeps what it promises: same numbers, nothing lost, nothing on stderr."""

import fcntl
import json
import os
import pty
import random
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import textwrap
import time
from queue import Empty

import numpy as np
import pytest

import cnnkit  # noqa: F401  (quiet TensorFlow start)
from cnnkit import training

keras = training.keras

X = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


@pytest.fixture
def shown(monkeypatch):
    """As a student sees it: the other tests run silently."""
    monkeypatch.delenv("CNNKIT_TEST")


def small_model(steps_per_execution=1):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(
        "sgd", "mse", metrics=["mae"], steps_per_execution=steps_per_execution
    )
    return model


class Interrupt(keras.callbacks.Callback):
    """Raises what the keyboard raises, at one moment of one epoch."""

    def __init__(self, moment, epoch):
        super().__init__()
        self.epoch = epoch
        setattr(self, moment, self.act)

    def on_epoch_begin(self, epoch, logs=None):
        self.now = epoch

    def act(self, batch, logs=None):
        if self.now == self.epoch and batch >= 1:
            raise KeyboardInterrupt


# ---- budget


@pytest.mark.parametrize(
    ("value", "chosen"), [(None, 8), ("", 8), ("quick", 8), ("full", 60)]
)
def test_budget(monkeypatch, value, chosen):
    monkeypatch.delenv("CNNKIT_BUDGET", raising=False)
    if value is not None:
        monkeypatch.setenv("CNNKIT_BUDGET", value)
    assert training.budget(quick=8, full=60) == training.budget(8, 60) == chosen


def test_budget_refuses_what_it_does_not_know(monkeypatch):
    monkeypatch.setenv("CNNKIT_BUDGET", "Full")
    with pytest.raises(ValueError, match=r'"quick" or "full"; received \'Full\''):
        training.budget(8, 60)


# ---- build


class Counted(keras.layers.Layer):
    """Counts how often Python runs through it: once in each trace of a step."""

    def __init__(self):
        super().__init__()
        self.runs = []

    def call(self, inputs):
        self.runs.append(inputs)
        return inputs


class Ten(keras.utils.PyDataset):
    def __len__(self):
        return 6

    def __getitem__(self, k):
        return X[10 * k :][:10], Y[10 * k :][:10]


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow's way")
@pytest.mark.parametrize("metrics", [None, ["mae"], [keras.metrics.MeanSquaredError()]])
@pytest.mark.parametrize("given", [(X, Y), (Ten(),)], ids=["arrays", "dataset"])
def test_the_first_step_is_traced_once(metrics, given):
    traces = []
    for fit in (training.fit, lambda model, *data: model.fit(*data, verbose=0)):
        counted = Counted()
        model = keras.Sequential([keras.Input((3,)), counted, keras.layers.Dense(1)])
        model.compile("adam", "mse", metrics=metrics)
        counted.runs.clear()  # of the symbolic call that made the model
        fit(model, *given)
        traces.append(len(counted.runs))
    assert traces == [1, 2]  # the second: Keras by itself


def test_build_leaves_to_the_first_step_what_it_cannot_know():
    model = keras.Sequential([keras.layers.Dense(1)])  # which has no shape yet
    model.compile("adam", "mse")
    training.build(model, Y)
    assert not model.built and not model.optimizer.built
    inputs = keras.Input((3,))
    two = [keras.layers.Dense(1, name=name)(inputs) for name in "ab"]
    model = keras.Model(inputs, two)
    model.compile("adam", ["mse", "mae"], metrics=[["mae"], ["mse"]])
    history = training.fit(model, X, [Y, Y]).history
    assert {"a_mae", "b_mse"} < set(history)
    with pytest.raises(ValueError, match="expected a compiled model"):
        training.build(keras.Sequential([keras.Input((3,))]), Y)


# ---- fit is model.fit


@pytest.mark.parametrize("steps_per_execution", [1, 3])
def test_same_numbers_as_plain_fit(steps_per_execution):
    how = dict(epochs=3, batch_size=10, validation_split=0.25)
    plain = small_model(steps_per_execution)
    theirs = plain.fit(X, Y, verbose=0, **how)
    ours = small_model(steps_per_execution)
    mine = training.fit(ours, X, Y, **how)
    assert isinstance(mine, keras.callbacks.History)
    assert mine.history == theirs.history and mine.epoch == theirs.epoch == [0, 1, 2]
    for a, b in zip(ours.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_arguments_reach_fit():
    seen = []
    watcher = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda e, logs: seen.append(e)
    )
    history = training.fit(
        small_model(), X, Y, 16, 5, callbacks=watcher, initial_epoch=2
    )
    assert seen == history.epoch == [2, 3, 4]
    training.fit(small_model(), X, Y, callbacks=(watcher,))
    assert seen[-1] == 0


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_data_that_do_not_tell_their_length(shown, capfd):
    def batches(count):
        for _ in range(count):
            yield X[:8], Y[:8]

    endless, short = batches(1000), batches(3)
    history = training.fit(
        small_model(), endless, steps_per_epoch=4, epochs=2, shuffle=False
    )
    assert history.epoch == [0, 1]
    history = training.fit(small_model(), short, epochs=1, shuffle=False)
    assert history.epoch == [0]
    out, err = capfd.readouterr()
    assert out.startswith("2 epochs in ") and "\n1 epoch in " in out
    assert err == ""


def test_early_stopping_is_counted(shown, capfd):
    early = keras.callbacks.EarlyStopping("loss", patience=0, min_delta=1e9)
    training.fit(small_model(), X, Y, epochs=50, callbacks=[early])
    assert capfd.readouterr().out.startswith("2 epochs in ")


@pytest.mark.parametrize("verbose", [0, 1, "auto"])
def test_verbose_is_refused(verbose):
    with pytest.raises(ValueError, match=r"expected no verbose.*; received verbose="):
        training.fit(small_model(), X, Y, verbose=verbose)
    with pytest.raises(ValueError, match="expected no verbose"):
        training.fit(small_model(), X, Y, 16, 2, verbose)


def test_callback_list_is_refused():
    with pytest.raises(ValueError, match="expected callbacks: a list"):
        training.fit(small_model(), X, Y, callbacks=keras.callbacks.CallbackList())


# ---- stopping


@pytest.mark.parametrize("moment", ["on_train_batch_end", "on_test_batch_end"])
def test_an_interrupt_keeps_model_and_history(shown, capfd, moment):
    how = dict(batch_size=8, validation_data=(X, Y), validation_batch_size=8)
    whole = small_model().fit(X, Y, epochs=2, verbose=0, **how)
    model = small_model()
    history = training.fit(
        model, X, Y, epochs=5, callbacks=[Interrupt(moment, epoch=2)], **how
    )
    assert history is model.history
    assert history.epoch == [0, 1]
    assert history.history == whole.history  # whole epochs only, all of one length
    out, err = capfd.readouterr()
    assert re.match(r"stopped in epoch 3 of 5 after [\d.]+ s: the model is kept", out)
    assert "the history holds 2 epochs, loss " in out and out.count("\n") == 1
    assert err == ""
    more = training.fit(model, X, Y, epochs=2)  # it goes on from there
    assert more.history["loss"][0] < history.history["loss"][0]


def test_an_interrupt_in_the_first_epoch_leaves_an_empty_history(shown, capfd):
    model = small_model()
    before = model.get_weights()[0]
    history = training.fit(
        model,
        X,
        Y,
        batch_size=8,
        epochs=5,
        callbacks=[Interrupt("on_train_batch_end", epoch=0)],
    )
    assert history.epoch == [] and history.history == {}
    assert not np.array_equal(before, model.get_weights()[0])  # two batches learned
    assert "stopped in epoch 1 of 5" in capfd.readouterr().out


def test_an_interrupt_before_anything_began_is_not_swallowed():
    class Data(keras.utils.PyDataset):
        def __len__(self):
            raise KeyboardInterrupt

        def __getitem__(self, i):
            return X, Y

    with pytest.raises(KeyboardInterrupt):
        training.fit(small_model(), Data())
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_signal_during_validation_stops_there(shown, capfd):
    class Signal(keras.callbacks.Callback):
        batches = 0

        def on_test_batch_end(self, batch, logs=None):
            self.batches += 1
            if self.batches == 10:  # the second of epoch 2
                os.kill(os.getpid(), signal.SIGINT)

    watcher = Signal()
    history = training.fit(
        small_model(),
        X,
        Y,
        epochs=5,
        validation_data=(X, Y),
        validation_batch_size=8,
        callbacks=[watcher],
    )
    assert watcher.batches == 10
    assert history.epoch == [0] and len(history.history["val_loss"]) == 1
    assert "stopped in epoch 2 of 5" in capfd.readouterr().out
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_error_is_passed_on_and_the_bar_removed(shown, capfd):
    class Broken(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        training.fit(small_model(), X, Y, callbacks=[Broken()])
    out, err = capfd.readouterr()
    assert out.count("\n") <= 1 and err == ""
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


# ---- what is written


def test_silent_under_regression_tests(capfd):
    assert os.environ["CNNKIT_TEST"] == "1"
    training.fit(small_model(), X, Y, epochs=3, validation_split=0.5)
    training.fit(
        small_model(), X, Y, callbacks=[Interrupt("on_train_batch_end", epoch=0)]
    )
    assert capfd.readouterr() == ("", "")


def test_one_line_in_a_file(shown, capfd):
    training.fit(small_model(), X, Y, epochs=3, validation_split=0.5)
    out, err = capfd.readouterr()
    assert err == ""
    number = r"\d[\d.e+-]*"
    assert re.fullmatch(
        rf"3 epochs in {number} s, loss {number}, mae {number}, "
        rf"val_loss {number}, val_mae {number}\n",
        out,
    )


def test_progress_alone_is_a_callback(shown, capfd):
    small_model().fit(X, Y, verbose=0, epochs=2, callbacks=[training.Progress()])
    assert capfd.readouterr().out.startswith("2 epochs in ")


def test_updates_are_few_and_rise_to_the_end(monkeypatch):
    drawn = []

    class Screen:
        def draw(self, fraction, text):
            drawn.append((time.perf_counter(), fraction, text))

        def close(self, text):
            drawn.append(text)

    class Slow(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            time.sleep(0.01)

    monkeypatch.setattr(training, "_screen", Screen)
    training.fit(
        small_model(),
        X,
        Y,
        batch_size=2,
        epochs=6,
        validation_data=(X, Y),
        callbacks=[Slow()],
    )
    *steps, summary = drawn
    times, fractions, texts = zip(*steps, strict=True)
    assert len(steps) >= 5
    assert min(np.diff(times)) >= training.REDRAW
    assert all(np.diff(fractions) >= 0) and 0 <= fractions[0] <= fractions[-1] <= 1
    assert fractions[-1] > 0.6
    assert all(re.match(r"epoch [1-6] of 6", text) for text in texts[1:])
    left = [re.search(r"([\d.]+) s left", text) for text in texts[2:]]
    assert all(left)
    total = times[-1] - times[0]
    assert float(left[0][1]) == pytest.approx(total, rel=0.7)
    assert " · loss " in texts[-1]
    assert summary.startswith("6 epochs in ")


SCRIPT = """
import json, os, signal, sys, threading, time
import cnnkit, numpy as np
from cnnkit import training
keras = training.keras

model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("adam", "mse")
x = np.ones((64, 3)); y = np.ones((64, 1))

class Slow(keras.callbacks.Callback):
    begun = ended = 0
    pause = 0.02
    def on_train_batch_begin(self, batch, logs=None):
        Slow.begun += 1
    def on_train_batch_end(self, batch, logs=None):
        time.sleep(self.pause)
        Slow.ended += 1

training.fit(model, x, y, epochs=2)
history = training.fit(model, x, y, batch_size=8, epochs=500, callbacks=[Slow()])
usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
found = {
    "lengths": sorted({len(history.epoch), *map(len, history.history.values())}),
    "begun": Slow.begun, "ended": Slow.ended, "usual": usual,
    "finite": bool(np.isfinite(model.evaluate(x, y, verbose=0))),
    "steps": int(np.asarray(model.optimizer.iterations)),
}

def twice():
    for _ in range(2):
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGINT)

Slow.pause = 60
threading.Thread(target=twice).start()
start = time.time()
training.fit(model, x, y, epochs=2, callbacks=[Slow()])
found["second"] = time.time() - start
print(json.dumps(found))
"""


def lines_left(screen):
    """What a terminal still shows: each carriage return goes back to column 0."""
    kept = []
    for line in screen.replace("\r\n", "\n").split("\n"):
        cells = []
        for part in line.split("\r"):
            cells[: len(part)] = part
        kept.append("".join(cells).rstrip())
    return [line for line in kept if line]


def test_ctrl_c_in_a_terminal_on_jax(tmp_path):
    """A real signal to a real process whose stdout is a terminal."""
    pytest.importorskip("jax")
    environment = {**os.environ, "KERAS_BACKEND": "jax", "PYTHONUNBUFFERED": "1"}
    del environment["CNNKIT_TEST"]
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with open(tmp_path / "stderr", "w+b") as errors:
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT],
            stdout=theirs,
            stderr=errors,
            stdin=subprocess.DEVNULL,
            env=environment,
        )
        os.close(theirs)
        screen, signalled, end = "", False, time.time() + 60
        while time.time() < end:
            if not select.select([ours], [], [], 1)[0]:
                continue
            try:
                data = os.read(ours, 4096)
            except OSError:  # the other side is closed
                break
            screen += data.decode(errors="ignore")
            if not signalled and re.search(r"epoch [3-9] of 500", screen):
                process.send_signal(signal.SIGINT)
                signalled = True
        process.kill()
        os.close(ours)
        assert process.wait() == 0, screen[-2000:]
        errors.seek(0)
        assert errors.read() == b""
    first, stopped, second, found = lines_left(screen)
    assert first.startswith("2 epochs in ")
    assert "█" in screen and " left" in screen
    assert re.match(r"stopped in epoch \d+ of 500 after", stopped)
    assert second.startswith("stopped in epoch 1 of 2 after")
    found = json.loads(found)
    assert found["lengths"] == [int(re.search(r"holds (\d+) epoch", stopped)[1])]
    assert found["lengths"][0] >= 1
    assert found["begun"] == found["ended"]  # the running batch was not torn
    assert found["steps"] == 4 + found["ended"]  # and all of it is in the model
    assert found["usual"] and found["finite"]
    assert found["second"] < 30


def test_stop_button_in_a_notebook():
    """A real kernel, interrupted as JupyterLab's button does it."""
    from jupyter_client.manager import start_new_kernel

    environment = {k: v for k, v in os.environ.items() if k != "CNNKIT_TEST"}
    manager, client = start_new_kernel(kernel_name="python3", env=environment)
    code = textwrap.dedent(
        """
        import cnnkit, numpy as np, time
        from cnnkit import training
        keras = training.keras
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        model.compile("adam", "mse")
        pause = keras.callbacks.LambdaCallback(
            on_train_batch_end=lambda batch, logs: time.sleep(0.02))
        x, y = np.ones((64, 3)), np.ones((64, 1))
        history = training.fit(model, x, y, batch_size=8, epochs=500, callbacks=[pause])
        assert 1 <= len(history.history["loss"]) == len(history.epoch) < 500
        """
    )
    displays, updates, interrupted = {}, [], False
    try:
        request = client.execute(code)
        end = time.time() + 60
        while time.time() < end:
            try:
                message = client.get_iopub_msg(timeout=1)
            except Empty:
                continue
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            assert kind not in ("stream", "error", "clear_output"), content
            if kind in ("display_data", "update_display_data"):
                displays[content["transient"]["display_id"]] = content["data"]
                updates.append(content["data"])
            text = updates[-1]["text/plain"] if updates else ""
            if not interrupted and re.match(r"epoch [2-9] of 500", text):
                manager.interrupt_kernel()
                interrupted = True
            if kind == "status" and content["execution_state"] == "idle":
                break
        reply = client.get_shell_msg(timeout=10)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert reply["content"]["status"] == "ok"
    assert interrupted and len(displays) == 1
    (left,) = displays.values()
    assert set(left) == {"text/plain"}  # the bar is gone
    assert re.match(r"stopped in epoch \d+ of 500 after", left["text/plain"])
    drawn = [data["text/html"] for data in updates if "text/html" in data]
    assert drawn and all('<progress max="1" value="0.' in page for page in drawn)
    assert "■ stops and keeps the model" in drawn[-1]


@pytest.mark.parametrize("seed", [0, 7])
def test_set_random_seed_draws_what_keras_draws(seed):
    model = small_model()
    model.compile("sgd", "mse", steps_per_execution=2)
    model.fit(X, Y, verbose=0)  # the first one draws more, to build metrics

    def drawn(set_seed):
        keras.utils.set_random_seed(99)  # something else
        set_seed(seed)
        training.restart(model)
        weights = model.get_weights()[0]
        history = model.fit(X, Y, batch_size=8, epochs=2, verbose=0).history
        kept = keras.layers.Dropout(0.5)(np.ones((3, 5), "float32"), training=True)
        rest = keras.random.normal((4,)), np.random.rand(3), [random.random()]
        return [weights, history["loss"], *map(np.array, (kept, *rest))]

    theirs = drawn(keras.utils.set_random_seed)
    for _ in range(2):
        for mine, wanted in zip(drawn(training.set_random_seed), theirs, strict=True):
            np.testing.assert_array_equal(mine, wanted)
    other = drawn(lambda seed: training.set_random_seed(seed + 1))
    assert all(np.any(a != b) for a, b in zip(other, theirs, strict=True))


def test_set_random_seed_refuses_what_keras_refuses():
    with pytest.raises(ValueError, match="integer"):
        training.set_random_seed(0.5)
    with pytest.raises(ValueError):
        training.set_random_seed(-1)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow's own")
def test_set_random_seed_leaves_compiled_models_prepared(monkeypatch):
    import tensorflow as tf
    from tensorflow.python import pywrap_tfe

    cleared = []
    clear = pywrap_tfe.TFE_ContextClearCaches
    monkeypatch.setattr(
        pywrap_tfe,
        "TFE_ContextClearCaches",
        lambda handle: cleared.append(True) or clear(handle),
    )
    numbers = tf.data.Dataset.range(20)
    training.set_random_seed(0)
    mine = list(numbers.shuffle(20).as_numpy_iterator())
    assert not cleared
    keras.utils.set_random_seed(0)
    assert cleared  # that is what costs
    assert mine == list(numbers.shuffle(20).as_numpy_iterator())


@pytest.mark.parametrize(
    "optimizer",
    [
        keras.optimizers.SGD(0.1, momentum=0.9),
        keras.optimizers.Adam(0.1),
        keras.optimizers.Adagrad(0.1),  # whose sums do not begin at zero
        keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 9), 0.9),
    ],
    ids=lambda optimizer: type(optimizer).__name__,
)
def test_restart_is_a_new_beginning(optimizer):
    model = small_model()
    model.compile(optimizer, "mse")
    start = model.get_weights()
    losses = []
    for _ in range(2):
        losses.append(model.fit(X, Y, epochs=3, shuffle=False, verbose=0))
        trained = model.get_weights()
        training.restart(model, start)
        for mine, theirs in zip(model.get_weights(), start, strict=True):
            np.testing.assert_array_equal(mine, theirs)
    first, second = (history.history["loss"] for history in losses)
    np.testing.assert_array_equal(first, second)
    assert int(optimizer.iterations) == 0 and np.ptp(trained[0]) > 0


def test_restart_draws_weights_as_a_new_model_would():
    model = small_model()  # which sets the seed to 0
    wanted = model.get_weights()
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    keras.utils.set_random_seed(0)
    training.restart(model)
    for mine, theirs in zip(model.get_weights(), wanted, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert int(model.optimizer.iterations) == 0


def test_restart_may_set_the_rate():
    model = small_model()
    training.restart(model, model.get_weights(), learning_rate=0.25)
    assert float(model.optimizer.learning_rate) == 0.25
    with pytest.raises(ValueError, match="expected a compiled model"):
        training.restart(keras.Sequential([keras.Input((3,))]), [])
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 9)
    model.compile(keras.optimizers.SGD(schedule), "mse")
    with pytest.raises(TypeError):
        training.restart(model, model.get_weights(), learning_rate=0.25)
