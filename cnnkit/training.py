"""Training in a lesson: how much, with what on the screen, and how to stop it.

Importing this module imports Keras.
"""

import html
import inspect
import os
import random
import signal
import sys
import threading
import time
from typing import TypeVar
from unittest import mock

import keras

Value = TypeVar("Value")
REDRAW = 0.25  # seconds between two updates of the bar, at least


def budget(quick: Value, full: Value) -> Value:
    """The one of two values that the environment variable CNNKIT_BUDGET asks for.

    Args:
        quick: for a lesson within a minute on two processor cores; the default.
        full: for a full-scale run.

    Raises:
        ValueError: if CNNKIT_BUDGET is set to anything else than "quick" or "full".

    Source: a lesson and its full-scale run differ in such values and nowhere else.

    >>> epochs = budget(quick=8, full=60)
    """
    choices = {"quick": quick, "full": full}
    wanted = os.environ.get("CNNKIT_BUDGET") or "quick"
    if wanted not in choices:
        raise ValueError(
            f'expected CNNKIT_BUDGET: "quick" or "full"; received {wanted!r}'
        )
    return choices[wanted]


def set_random_seed(seed: int) -> None:
    """``keras.utils.set_random_seed`` for many short trainings in a row.

    Keras's own makes TensorFlow forget how it had prepared the steps of all compiled
    models, and the next training prepares its step once more, which for a small network
    takes as long as several epochs.  Keras draws the same numbers after either.

    Differs: TensorFlow's own random operations, ``tf.random.normal`` and the like,
    which Keras's layers do not use, go on where they were.

    Args:
        seed: as Keras takes it, from 0 to 2**32 - 1.

    Raises:
        ValueError: from Keras or NumPy, for another seed.

    Source: ``keras.utils.set_random_seed``, ``tf.random.set_seed``.

    >>> set_random_seed(0)
    >>> a = keras.layers.Dense(3)(keras.ops.ones((1, 2)))
    >>> set_random_seed(0)
    >>> bool(keras.ops.all(a == keras.layers.Dense(3)(keras.ops.ones((1, 2)))))
    True
    """
    if keras.backend.backend() != "tensorflow":
        return keras.utils.set_random_seed(seed)
    import tensorflow as tf
    from tensorflow.python.eager import context  # the seed has no public setter

    own = context.context()
    if not {"_seed", "_rng"} <= vars(own).keys():  # another TensorFlow: safe, slower
        return keras.utils.set_random_seed(seed)

    def keep_prepared(seed):
        own._seed, own._rng = seed, random.Random(seed)

    with mock.patch.object(tf.random, "set_seed", keep_prepared):
        keras.utils.set_random_seed(seed)


def restart(
    model: keras.Model, weights=None, learning_rate: float | None = None
) -> None:
    """Gives a compiled model other weights and an optimizer that remembers nothing.

    To compile takes longer than many a short training; so networks of one shape can be
    trained one after the other with a single compiled model.

    Args:
        model: compiled and built.
        weights: for ``model.set_weights``; None draws new ones, as a new model would.
        learning_rate: of the optimizer from here on; None leaves it as it is.

    Raises:
        ValueError: if the model is not compiled.
        TypeError: from Keras, if a rate is given to an optimizer with a schedule.

    Source: ``keras.models.clone_model``, ``keras.optimizers.Optimizer.get_config`` and
    ``.variables``.

    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mse")
    >>> restart(model)  # new weights
    >>> restart(model, model.get_weights(), learning_rate=0.01)  # the same again
    """
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None:
        raise ValueError("expected a compiled model; received one without optimizer")
    if not optimizer.built:
        optimizer.build(model.trainable_variables)
    fresh = type(optimizer).from_config(optimizer.get_config())
    if learning_rate is not None:
        fresh.learning_rate = learning_rate  # refused by a schedule
    fresh.build(model.trainable_variables)
    if weights is None:
        weights = keras.models.clone_model(model).get_weights()
    model.set_weights(weights)
    for variable, value in zip(optimizer.variables, fresh.variables, strict=True):
        variable.assign(value)


def build(model: keras.Model, y) -> None:
    """Creates the variables of a compiled model's optimizer and metrics.

    Left to Keras, they come to be within the first step, and TensorFlow then traces
    that step twice, which doubles the time to start.  `fit` does it by itself.

    Args:
        model: compiled.  What is not known before the first step is left to it: all of
            a model that is not built, metrics if there are several outputs.
        y: labels, as for ``model.fit``; None if they are not at hand.

    Raises:
        ValueError: if the model is not compiled.

    Source: ``tf.function`` (a function that creates variables is traced again).

    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> model.compile("adam", "mse", metrics=["mae"])
    >>> build(model, [[0.5]])
    >>> model.optimizer.built
    True
    """
    if getattr(model, "optimizer", None) is None:
        raise ValueError("expected a compiled model; received one without optimizer")
    if not model.built:
        return
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    outputs = getattr(model, "outputs", None) or []
    if y is None or len(outputs) != 1:
        return
    for metric in model.metrics:
        if not getattr(metric, "built", True):
            metric.build(y, outputs[0])


def fit(model: keras.Model, *args, **kwargs) -> keras.callbacks.History:
    """``model.fit`` with a progress bar that can be stopped without losing anything.

    Stopping, with Jupyter's ■ or Ctrl-C, lets the running batch end and returns: the
    model keeps what it has learned and the history holds the whole epochs so far.
    `on_train_end` of further callbacks is then not called.  Stopping twice interrupts
    at once.  In a loop over several calls, each one is stopped by itself.

    Args:
        model: compiled model.
        args: as for ``model.fit``.
        kwargs: as for ``model.fit``; not verbose, since the bar replaces it.

    Returns:
        The History that ``model.fit`` returns, or would have returned.

    Raises:
        ValueError: if verbose is given, a CallbackList instead of a list, or a model
            that is not compiled.

    Source: ``keras.Model.fit``.

    >>> import numpy as np
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> history = fit(model, np.ones((4, 2)), np.ones(4), epochs=3)
    >>> len(history.history["loss"])
    3
    """
    given = inspect.signature(model.fit).bind(*args, **kwargs)
    if "verbose" in given.arguments:
        raise ValueError(
            "expected no verbose, since the progress bar replaces it; received "
            f"verbose={given.arguments['verbose']!r}"
        )
    callbacks = given.arguments.get("callbacks") or []
    if isinstance(callbacks, keras.callbacks.CallbackList):
        raise ValueError("expected callbacks: a list; received a CallbackList")
    if not isinstance(callbacks, list | tuple):
        callbacks = [callbacks]
    x, y = given.arguments.get("x"), given.arguments.get("y")
    if isinstance(x, keras.utils.PyDataset):
        _, y, _ = keras.utils.unpack_x_y_sample_weight(x[0])
    build(model, y)
    progress = Progress()
    # first, so that a stop comes before any other callback has seen the next batch
    given.arguments.update(verbose=0, callbacks=[progress, *callbacks])
    release = _stop_between_batches(progress)
    try:
        return model.fit(*given.args, **given.kwargs)
    except KeyboardInterrupt:
        if progress.epoch is None:  # nothing has begun, so there is nothing to keep
            raise
        progress.end(stopped=True)
        return model.history
    finally:
        release()
        progress.end()


def _stop_between_batches(progress):
    """Turns the first Ctrl-C into a request to stop; returns what undoes that.

    An interrupt in the middle of a batch may leave variables half updated, and on JAX
    deleted.  A second one is an ordinary interrupt again.
    """
    usual = signal.default_int_handler
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not usual:
        return lambda: None

    def request(number, frame):
        progress.stop = True
        signal.signal(signal.SIGINT, usual)

    signal.signal(signal.SIGINT, request)
    return lambda: signal.signal(signal.SIGINT, usual)


class Progress(keras.callbacks.Callback):
    """A progress bar with the time left; one line of summary stays at the end.

    In Jupyter a bar below the cell, in a terminal a line, and in a file or pipe the
    summary alone.  With CNNKIT_TEST=1 nothing at all.  Nothing is written to stderr.

    Source: the interface of ``keras.callbacks.Callback``.

    >>> Progress().epoch is None
    True
    """

    # Only the hooks before a batch are used: what comes after one would make Keras
    # wait for its metrics each time.

    def __init__(self):
        super().__init__()
        self.epoch = None  # the running one, counted from 0
        self.stop = False  # asks for KeyboardInterrupt before the next batch
        self._screen = None

    def on_train_begin(self, logs=None):
        self._screen = _screen()
        self._epochs = self.params["epochs"]
        self._steps = self.params["steps"]  # None if the data do not tell
        self._whole = 0  # epochs done
        self._logs = {}
        self._began = time.perf_counter()
        self._pace = None  # (time, epochs done) after the first batch, which compiles
        self._redraw = 0.0
        self._draw(0.0, "starting")

    def on_epoch_begin(self, epoch, logs=None):
        if self.epoch is None:
            self._first = epoch
        self.epoch = epoch

    def on_train_batch_begin(self, batch, logs=None):
        self._step(batch / self._steps if self._steps else 0.0)

    def on_test_batch_begin(self, batch, logs=None):
        if self.epoch is not None:  # else someone evaluates by itself
            self._step(1.0)

    def on_epoch_end(self, epoch, logs=None):
        self._whole += 1
        self._logs = logs or {}  # not a copy: later callbacks may add to it

    def on_train_end(self, logs=None):
        self.end()

    def _step(self, part):
        """Looks for a request to stop; redraws now and then."""
        if self.stop:
            raise KeyboardInterrupt
        now = time.perf_counter()
        if self._screen is None or now < self._redraw:
            return
        done = min(self.epoch - self._first + part, self._epochs - self._first)
        text = f"epoch {self.epoch + 1} of {self._epochs}"
        if self._pace is None:
            if done:
                self._pace = now, done
        elif done > self._pace[1]:
            rate = (now - self._pace[0]) / (done - self._pace[1])
            text += f" · {_duration(rate * (self._epochs - self._first - done))} left"
        text += "".join(f" · {name} {v:.3g}" for name, v in self._logs.items())
        self._draw(done / (self._epochs - self._first), text)

    def _draw(self, fraction, text):
        if self._screen is not None:
            self._screen.draw(fraction, text)
            self._redraw = time.perf_counter() + REDRAW

    def end(self, stopped=False):
        """Removes the bar and leaves the summary; does nothing the second time."""
        screen, self._screen = self._screen, None
        if screen is None:
            return
        spent = _duration(time.perf_counter() - self._began)
        whole = f"{self._whole} epoch{'s' * (self._whole != 1)}"
        text = f"{whole} in {spent}"
        if stopped:
            text = (
                f"stopped in epoch {self.epoch + 1} of {self._epochs} after {spent}: "
                f"the model is kept as it is, the history holds {whole}"
            )
        text += "".join(f", {name} {v:.3g}" for name, v in self._logs.items())
        screen.close(text)


def _duration(seconds):
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def _screen():
    """Where to draw: something with draw(fraction, text) and close(text), or None."""
    if os.environ.get("CNNKIT_TEST") == "1":
        return None
    if "IPython" in sys.modules:
        from IPython import get_ipython

        if hasattr(get_ipython(), "kernel"):
            return _Notebook()
    return _Terminal() if sys.stdout.isatty() else _Plain()


class _Notebook:
    """One output that is redrawn in place and ends as text."""

    def __init__(self):
        from IPython.display import display

        self._handle = display({"text/plain": ""}, raw=True, display_id=True)

    def draw(self, fraction, text):
        text += " · ■ stops and keeps the model"
        bar = f'<progress max="1" value="{fraction:.3f}" aria-label="training">'
        page = f"<div>{bar}</progress> {html.escape(text)}</div>"
        self._handle.update({"text/html": page, "text/plain": text}, raw=True)

    def close(self, text):
        self._handle.update({"text/plain": text}, raw=True)


class _Terminal:
    """One line that is rewritten and then cleared."""

    def __init__(self):
        from tqdm import tqdm

        style = "{percentage:3.0f} % |{bar:20}| {desc}"
        self._bar = tqdm(total=1.0, file=sys.stdout, leave=False, bar_format=style)

    def draw(self, fraction, text):
        self._bar.n = fraction
        self._bar.set_description_str(text)

    def close(self, text):
        self._bar.close()
        print(text, flush=True)


class _Plain:
    """The summary alone."""

    def draw(self, fraction, text):
        pass

    def close(self, text):
        print(text, flush=True)
