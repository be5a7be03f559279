"""Explorer of lesson 18: a network trains while its settings are being changed."""

import asyncio
import html
import math
import os
import signal
import sys
import threading
import time
import weakref
from types import SimpleNamespace

import ipywidgets
import numpy as np

from .. import plot
from ..check import approx
from ..plot.live_training import kernel_tiles, training_moment
from .base import _DOT, _PICK, _ROW, Explorer, _button, _pick_field
from .drawing import _maps
from .live_charts import (
    POINTS,
    _band,
    _chart,
    _curve,
    _key,
    _pixels,
    _says,
    _sheet,
    _titled,
)

# name -> the learning rate that it begins with
RATES = {
    "SGD": 0.01,
    "Nesterov": 0.01,
    "AdaGrad": 0.01,
    "Adadelta": 1.0,
    "RMSProp": 0.001,
    "Adam": 0.001,
}
MOMENTUM = "SGD", "Nesterov"  # those whose momentum can be set
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
DECAYS = (0.0, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
LOOKS = "layer", "image"  # settings that do not touch the training
SLICE = 0.06  # seconds of training between two looks at the messages
REST = (
    0.004  # seconds for the messages, so that each step of their handling gets a turn
)
FRAME = 0.25  # seconds between two redraws, at least
DRAWING = 0.15  # share of the time that redraws may take, and evaluations as much
EVERY = 20  # steps between two evaluations, at least
AWAY = 20  # seconds without a page that shows the view, after which it pauses
DRAG = 1.5  # seconds after which a slider that moves again makes another mark
# An image that has loaded tells the kernel that its frame is on the page
_SEEN = f"""<img hidden alt="" src="{_DOT}" onload="
const field = this.closest('.cnnkit-explorer')?.querySelector('.cnnkit-seen input');
if (field) {{
  field.value = '%d';
  field.dispatchEvent(new Event('input', {{bubbles: true}}));
}}">"""

_open = weakref.WeakSet()  # views on a page
_running = set()


def training_view(
    model,
    data,
    *,
    preprocess=None,
    optimizer: str = "SGD",
    learning_rate: float | None = None,
    momentum: float = 0.9,
    weight_decay: float = 0.0,
    batch_size: int = 32,
    augmentation=(),
    shift: int = 2,
    held_out: int = 400,
    layer: str | None = None,
    seed: int = 0,
    steps: int = 200,
) -> "TrainingView":
    """Watch a small network learn, and change how it does while it runs.

    Start, pause, take one step, go back to the first weights.  Learning rate, momentum,
    weight decay, optimiser, batch size and augmentation may be changed at any time:
    the weights stay, and the curves carry a mark.  Loss and accuracy, the first
    filters, a layer's answer to one image and the surest mistakes are redrawn up to
    four times a second.

    Training goes on in the kernel between other cells, never during one.  It stops
    with Pause, Jupyter's ■, `pause()`, `close()`, when its cell is run again, when the
    same model is shown in another view, and when no page shows it any more.

    The steps are those of ``train_on_batch`` over `augment.batches` with the same seed.
    The model's own compilation is left alone; its weights are trained.
    Another learning rate, momentum, decay or augmentation costs nothing; the first step
    with another optimiser or batch size compiles (a second or two), once each.

    Args:
        model: built functional or sequential model of Keras from images (batch, height,
            width, channels) to classes (batch, classes), as probabilities or scores.
        data: of `data.load`, or x_train, y_train, x_test, y_test and perhaps
            class_names: images as uint8 or floats, class numbers.
        preprocess: images -> what the model reads, behind the augmentation; by default
            uint8 is divided by 255, and floats stay as they are.
        optimizer: "SGD", "Nesterov", "AdaGrad", "Adadelta", "RMSProp" or "Adam".
        learning_rate: by default one that suits the optimizer.
        momentum: of SGD and Nesterov, from 0 to below 1.
        weight_decay: every step subtracts rate · decay · weight from each weight.
        batch_size: images a step.
        augmentation: names of those that are on at the start, among "flip", "shift",
            "scale, crop and flip", "lens" and, for colours, "colour axes".
        shift: pixels, at most, of the augmentation "shift".
        held_out: test images, drawn at random, for the evaluations.
        layer: whose answer is shown at the start; the first convolution by default.
        seed: of the order of the images and of their augmentation.
        steps: taken for the still, which a stored notebook shows; the model has its
            first weights again afterwards.

    Returns:
        An explorer with `start()`, `pause()`, `advance(steps)` and `reset()`; its
        `result` has `step`, `epoch`, `loss`, `accuracy` (running means over the
        batches), `held_out` (accuracy) and `losses` (one a step).

    Raises:
        ValueError: if model, data or a setting are not what they should be.

    Source: CS-878 W4; github.com/karpathy/convnetjs, demo/cifar10.js.

    >>> from cnnkit import data, models
    >>> digits = data.load("digits8")
    >>> model = models.convnetjs_cifar10((8, 8, 1))
    >>> view = training_view(model, digits, optimizer="Adam", augmentation=["shift"])
    >>> view.advance(3)
    >>> view.result.step, len(view.result.losses)
    (3, 3)
    >>> view.reset()
    >>> view.result.step
    0
    """
    from .live_run import Run

    _expect_between("held_out", held_out, 1, math.inf)
    _expect_between("steps", steps, 1, math.inf)
    run = Run(model, data, preprocess, held_out, seed, shift)
    if optimizer not in RATES:
        raise ValueError(
            f"expected an optimizer of {', '.join(RATES)}; received {optimizer!r}"
        )
    if unknown := [name for name in augmentation if name not in run.transforms]:
        raise ValueError(
            f"expected augmentations of {', '.join(run.transforms)}; received "
            f"{unknown[0]!r}"
        )
    if learning_rate is None:
        learning_rate = RATES[optimizer]
    _expect_between("learning_rate", learning_rate, 1e-6, 10)
    _expect_between("momentum", momentum, 0, 0.99)
    _expect_between("weight_decay", weight_decay, 0, 1)
    _expect_between("batch_size", batch_size, 1, len(run.x))
    if layer is None:
        maps = [name for name in run.layers if "conv" in name.lower()]
        layer = (maps or run.layers)[0]
    if layer not in run.layers:
        raise ValueError(
            f"expected a layer of {', '.join(run.layers)}; received {layer!r}"
        )
    settings = {
        "optimizer": optimizer,
        "learning_rate": float(learning_rate),
        "momentum": float(momentum),
        "weight_decay": float(weight_decay),
        "batch_size": int(batch_size),
        **{name: name in augmentation for name in run.transforms},
        "layer": layer,
        "image": 0,
    }
    return TrainingView(run, settings, steps)


class TrainingView(Explorer):
    """What `training_view` returns.

    Attributes:
        run: the training itself, a `live_run.Run`.
        running: whether it goes on by itself.
        times: seconds spent on "training", "evaluation" and "drawing", and the number
            of "frames".
    """

    def __init__(self, run, settings, steps):
        self.run, self.running, self._steps = run, False, steps
        self.times = dict.fromkeys(("training", "evaluation", "drawing", "frames"), 0)
        self._cell = self._execution = self._task = None
        self._version = self._started = 0  # of what is seen; as it was at the start
        self._why = self._said = ""  # why it pauses, and the last sentence
        self._frame = self._seen = 0
        self._drawn_at = self._marked = 0.0
        self._cost = 0.0  # seconds a redraw takes
        self._away = self._looked = 0.0  # seconds unseen, and when that was counted
        self._pace = []  # (time, images) of the last slices
        self._pixels = _pixels(run.test_images)
        super().__init__(settings, self._take_over, TrainingView._make, None)

    def _take_over(self, settings):
        self.run.use(settings)
        return self._result()

    def _result(self) -> SimpleNamespace:
        run = self.run
        losses, accuracies = run.smooth()
        return SimpleNamespace(
            step=run.step,
            epoch=run.epoch,
            loss=losses[-1] if run.step else math.nan,
            accuracy=accuracies[-1] if run.step else math.nan,
            held_out=run.evaluations[-1][1] if run.evaluations else math.nan,
            losses=np.array(run.losses),
            smoothed=losses,
            accuracies=accuracies,
        )

    # ------------------------------------------------------------ what one can do

    def start(self) -> None:
        """Train until `pause`, between the cells that run."""
        if threading.current_thread() is threading.main_thread():
            self._start()
        else:
            self._soon(self._start)

    def pause(self) -> None:
        """Let the running step end; nothing runs afterwards."""
        self.running = False

    def advance(self, steps: int = 1) -> None:
        """Take steps now, at once, and evaluate."""
        self.running = False
        self._version += 1
        for _ in range(steps):
            if not math.isfinite(self._step()):
                break
        self._evaluate()
        self._show_all()

    def reset(self) -> None:
        """The first weights, an empty optimizer and the first batch; settings stay."""
        self.running = False
        self._version += 1
        self._why = ""
        self.run.reset()
        if self._widget is not None:
            self._evaluate()
        self._show_all()
        self._tell("Reset: the first weights. The settings stay.")

    def close(self) -> None:
        """Stop, and remove the view from the page and the kernel."""
        self.running = False
        self._version += 1
        _open.discard(self)
        self._frame = self._seen = 0
        super().close()

    def show(self) -> None:
        """Display the view; with CNNKIT_TEST=1 train for the still and display that."""
        if os.environ.get("CNNKIT_TEST") == "1":
            plot.show(*self.still())
            return
        self._cell, self._execution = _this_cell()
        for other in list(_open):
            again = self._cell and other._cell == self._cell
            again = again and other._execution != self._execution
            if other is not self and (again or other.run.model is self.run.model):
                other.close()
        _open.add(self)
        super().show()

    def still(self):
        """Train for the given number of steps, draw, and go back to the start.

        Returns:
            The figure and its alternative text.
        """
        run, settings = self.run, self.settings
        run.reset()
        run.evaluate()
        stops = {self._steps * k // 8 for k in range(1, 9)}
        for step in range(1, self._steps + 1):
            broken = not math.isfinite(run.advance())
            if step in stops or broken:
                run.evaluate()
            if broken:
                break
        result = self._result()
        names, labels = run.class_names, run.test_labels
        wrong = [
            (self._pixels[k], names[labels[k]], names[said])
            for k, said, _ in run.mistakes(5)
        ]
        fig = training_moment(
            result.losses,
            result.smoothed,
            run.evaluations,
            result.accuracies,
            run.filters(),
            self._pixels[settings["image"]],
            run.look(settings["layer"], settings["image"])[0],
            settings["layer"],
            wrong,
        )
        first = run.evaluations[0][1]
        on = [name for name in run.transforms if settings[name]]
        alt = (
            f"Training view of {run.model.name} after {self._steps} steps of "
            f"{settings['optimizer']} (rate {settings['learning_rate']:g}, batches of "
            f"{settings['batch_size']}, {' and '.join(on) or 'no augmentation'}): the "
            f"loss goes from {_about(result.losses[0])} to {_about(result.loss)}, the "
            f"accuracy on {len(labels)} held-out images from {_about(first)} to "
            f"{_about(run.evaluations[-1][1])}; below, the first filters, "
            f"{settings['layer']} for one image, and the surest mistakes."
        )
        run.reset()
        run.before = None
        return fig, alt

    # ------------------------------------------------------------ training

    def _soon(self, action) -> None:
        """Do it on the thread that trains, between two slices.

        JupyterLab has widgets answered on a thread of their own.
        """

        def safely():
            try:
                action()
            except Exception as error:  # shown to the student, who can go on
                self._problem(error)

        loop = _kernel_loop()
        if loop is None or threading.current_thread() is threading.main_thread():
            safely()
        else:
            loop.call_soon_threadsafe(safely)

    def _start(self) -> None:
        if self.run.broken:
            self._show_broken()
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise RuntimeError(
                "expected a notebook, whose kernel trains between its cells; received "
                "none: use advance(steps)"
            ) from None
        self.running, self._why, self._started = True, "", self._version
        self._away, self._looked = 0.0, time.monotonic()
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._train())
        self._tell(f"Training from step {self.run.step + 1:,} on.")
        if self._widget is not None:
            self._show_state()

    async def _train(self) -> None:
        _running.add(self)
        try:
            while self.running:
                _pause_on_interrupt()
                self._slice()
                await asyncio.sleep(REST)
                if self.running and self._evaluation_is_due():
                    await self._evaluate_in_parts()
                if self._frame_is_due():
                    self._draw_frame()
            if self._started == self._version:
                self._finish()
        except Exception as error:  # shown to the student, who can go on
            self.running = False
            self._problem(error)
        finally:
            _running.discard(self)
            if not _running:
                _usual_interrupts()

    def _slice(self) -> None:
        """Steps for a short time, shared with other views that train."""
        end = time.perf_counter() + SLICE / len(_running)
        images = 0
        while self.running:
            loss = self._step()
            images += self.settings["batch_size"]
            if not math.isfinite(loss):
                self.running = False
            if time.perf_counter() >= end:
                break
        self._pace = [*self._pace[-30:], (time.monotonic(), images)]

    def _step(self) -> float:
        new = self.run.is_new
        if new:
            said = self._said
            self._tell("Compiling the step for these settings …")
        began = time.perf_counter()
        loss = self.run.advance()
        if new:
            self._tell(said)
            self._pace = []
        else:
            self.times["training"] += time.perf_counter() - began
        return loss

    def _evaluation_is_due(self) -> bool:
        last = self.run.evaluations[-1][0] if self.run.evaluations else -EVERY
        return self.run.step - last >= EVERY and (
            self.times["evaluation"] <= DRAWING * (self.times["training"] + 1)
        )

    async def _evaluate_in_parts(self) -> None:
        version = self._version
        parts = self.run.evaluating()
        while True:
            began = time.perf_counter()
            ended = next(parts, parts) is parts
            self.times["evaluation"] += time.perf_counter() - began
            if ended:
                break
            await asyncio.sleep(REST)
            if version != self._version:
                return
        self._show_mistakes()

    def _evaluate(self) -> None:
        began = time.perf_counter()
        self.run.evaluate()
        self.times["evaluation"] += time.perf_counter() - began

    def _frame_is_due(self) -> bool:
        """Not too often, not too costly, and not before the last one was seen."""
        now = time.monotonic()
        unseen = self._seen and self._seen < self._frame
        # a long cell between two looks is no absence
        self._away = self._away + min(now - self._looked, 0.5) if unseen else 0.0
        self._looked = now
        if self._away > AWAY:
            self.running = False
            self._why = f"Paused: no page has shown this view for {AWAY} s."
        wait = max(FRAME, self._cost / DRAWING)
        waits_for_page = unseen and self._away < 2
        return now - self._drawn_at >= wait and not waits_for_page

    def _finish(self) -> None:
        """What a pause shows: all of it, as it is now."""
        if self._widget is None:
            return
        if self.run.step and not self.run.broken:
            self._evaluate()
        self._show_all()
        self._tell(self._why or f"Paused after step {self.run.step:,}.")

    # ------------------------------------------------------------ settings

    def _changed(self) -> None:
        if not self._busy:
            self._soon(self._apply)

    def _apply(self) -> None:
        """Take over what the controls say."""
        if self._widget is None:
            return
        old, settings = self.settings, {}
        for name in old:
            value = settings[name] = self.controls[name].value
            if isinstance(value, float) and math.isclose(value, old[name]):
                settings[name] = old[name]  # as a page has rounded it
        changed = [name for name in settings if settings[name] != old[name]]
        self.settings = settings
        if not changed and self._frame:
            return
        training = {name for name in changed if name not in LOOKS}
        if training:
            self.run.use(settings)
            text = _described(training, settings)
            self._mark(training)
            self._tell(f"From step {self.run.step + 1:,} on: {text}.")
        self.controls["momentum"].disabled = settings["optimizer"] not in MOMENTUM
        if not self._frame:
            self._evaluate()
            self._show_all()
        elif training and not self.running:
            self._draw_frame()
        elif not training:
            self._show_maps()

    def _mark(self, names) -> None:
        """On the curves; what is dragged to and fro leaves one mark."""
        marks, step, now = self.run.marks, self.run.step, time.monotonic()
        drag = names <= {"learning_rate", "momentum"} and now - self._marked < DRAG
        if marks and (marks[-1][0] == step or (drag and marks[-1][2] == names)):
            names = names | marks.pop()[2]
        if step:
            marks.append((step, _described(names, self.settings), names))
            self._marked = now

    # ------------------------------------------------------------ what is shown

    def _make(self):
        settings, run = self.settings, self.run
        style = {"description_width": "92px"}

        def choice(name, text, options, width):
            options = [(str(label), value) for label, value in options]
            return ipywidgets.Dropdown(
                options=options,
                value=settings[name],
                description=text,
                layout={"width": width},
                style={"description_width": "initial"},
            )

        def with_own(values, own):
            return sorted({*values, own})

        rates = settings["learning_rate"]
        controls = self.controls = {
            "start": _button("Start", "Start or pause the training", "play"),
            "step": _button("Step", "Take one step", "step-forward"),
            "reset": _button("Reset", "Back to the first weights", "refresh"),
            "rescue": _button(
                "Reset, and a tenth of the rate",
                "Back to the first weights, with a tenth of the learning rate",
                "life-ring",
            ),
            "optimizer": choice(
                "optimizer", "Optimiser", zip(RATES, RATES, strict=True), "170px"
            ),
            "learning_rate": ipywidgets.FloatLogSlider(
                rates,
                min=-6,
                max=1,
                step=0.05,
                description="Learning rate",
                readout_format=".2g",
                layout={"width": "330px"},
                style=style,
            ),
            "momentum": ipywidgets.FloatSlider(
                settings["momentum"],
                min=0,
                max=0.99,
                step=0.01,
                description="Momentum",
                layout={"width": "300px"},
                style={"description_width": "84px"},
            ),
            "weight_decay": choice(
                "weight_decay",
                "Weight decay",
                [(f"{v:g}", v) for v in with_own(DECAYS, settings["weight_decay"])],
                "180px",
            ),
            "batch_size": choice(
                "batch_size",
                "Batch size",
                [
                    (v, v)
                    for v in with_own(BATCHES, settings["batch_size"])
                    if v <= len(run.x)
                ],
                "150px",
            ),
            **{
                name: ipywidgets.Checkbox(
                    settings[name],
                    description=f"{name} ≤ {run.shift} px" if name == "shift" else name,
                    indent=False,
                    layout={"width": "auto"},
                )
                for name in run.transforms
            },
            "layer": choice("layer", "Layer", [(n, n) for n in run.layers], "200px"),
            "image": ipywidgets.IntSlider(
                settings["image"],
                min=0,
                max=len(run.test_labels) - 1,
                description="Image",
                layout={"width": "290px"},
                style={"description_width": "50px"},
            ),
        }
        controls["rescue"].layout.display = "none"
        self.parts = {
            name: ipywidgets.HTML()
            for name in ("said", "numbers", "filters", "maps", "mistakes")
        }
        picked = _pick_field(self, lambda text: {"image": int(text)})
        seen = ipywidgets.Text(description="Seen", layout={"display": "none"})
        seen.add_class("cnnkit-seen")
        seen.observe(self._was_seen, "value")

        def another(change):  # a rate that suits the new optimiser
            busy, self._busy = self._busy, True
            controls["learning_rate"].value = RATES[change["new"]]
            self._busy = busy

        controls["optimizer"].observe(another, "value")
        self.on_click("start", self._start_or_pause)
        self.on_click("step", lambda: self._soon(self.advance))
        self.on_click("reset", lambda: self._soon(self.reset))
        self.on_click("rescue", lambda: self._soon(self._rescue))

        def row(*names):
            return ipywidgets.HBox([controls[name] for name in names], layout=_ROW)

        switches = ipywidgets.HBox(
            [ipywidgets.HTML("Augmentation:"), *map(controls.get, run.transforms)],
            layout=_ROW,
        )
        side = {"flex": "0 1 auto", "min_width": "0"}
        lower = ipywidgets.HBox(
            [
                ipywidgets.VBox([self.parts["filters"]], layout=side),
                ipywidgets.VBox(
                    [row("layer", "image"), self.parts["maps"]], layout=side
                ),
            ],
            layout={"flex_flow": "row wrap", "grid_gap": "4px 28px"},
        )
        return ipywidgets.VBox(
            [
                row("start", "step", "reset", "rescue"),
                row("optimizer", "learning_rate", "momentum"),
                row("batch_size", "weight_decay"),
                switches,
                self.parts["said"],
                self.parts["numbers"],
                self.view,
                lower,
                self.parts["mistakes"],
                ipywidgets.HBox([picked, seen], layout={"display": "none"}),
            ]
        )

    def _start_or_pause(self) -> None:
        if self.running:
            self.pause()
        else:
            self.start()

    def _rescue(self) -> None:
        self.reset()
        slider = self.controls["learning_rate"]
        slider.value = max(10**slider.min, self.settings["learning_rate"] / 10)

    def _was_seen(self, change) -> None:
        if change["new"].isdigit():
            self._seen = int(change["new"])

    def _tell(self, text: str) -> None:
        """A sentence that screen readers read out."""
        self._said = text
        if self._widget is not None:
            self.parts["said"].value = (
                '<div role="status" style="line-height:1.5;min-height:1.5em">'
                f"{html.escape(text)}</div>"
            )

    def _draw(self, error) -> None:
        """An error of a control."""
        if error:
            self._problem(error)

    def _problem(self, error: Exception | str, hint: str = "") -> None:
        self.message = str(error)
        if isinstance(error, Exception) and not isinstance(error, ValueError):
            self.message = f"{type(error).__name__}: {error}"
        if self._widget is not None:
            self.status.value = self.message and (
                '<div role="alert" style="color:#b00020;line-height:1.4">'
                f"{html.escape(self.message)}<br>{html.escape(hint)}</div>"
            )
            self._show_state()

    def _show_broken(self) -> None:
        rate = self.settings["learning_rate"]
        self._problem(
            f"The loss of step {self.run.step:,} is not a number any more: the "
            f"weights have grown without bound. A learning rate of {rate:.2g} is too "
            "high here.",
            "Reset brings the first weights back.",
        )

    def _show_state(self) -> None:
        """The buttons, as they are meant now."""
        start = self.controls["start"]
        start.description = "Pause" if self.running else "Start"
        start.icon = "pause" if self.running else "play"
        broken = self.run.broken
        self.controls["rescue"].layout.display = None if broken else "none"

    def _show_all(self) -> None:
        self.result = self._result()
        if self._widget is None:
            return
        self._draw_frame()
        self._show_mistakes()
        if self.run.broken:
            self._show_broken()
        else:
            self._problem("")

    def _draw_frame(self) -> None:
        """All that changes from step to step."""
        if self._widget is None:
            return
        began = time.perf_counter()
        self.result = self._result()
        self._frame += 1
        self.parts["numbers"].value = self._numbers() + _SEEN % self._frame
        self.picture.value = self._charts()
        self.parts["filters"].value = self._filters()
        if self._frame % 2 or not self.running:
            self._show_maps()  # half of the cost
        cost = time.perf_counter() - began
        self.times["drawing"] += cost
        self.times["frames"] += 1
        self._cost = max(cost, self._cost / 2)
        self._drawn_at = time.monotonic()

    def _numbers(self) -> str:
        result, run = self.result, self.run
        n = len(run.test_labels)
        right = _about(result.held_out)
        if math.isfinite(result.held_out):
            p = result.held_out
            right += f" ± {math.sqrt(max(p * (1 - p), 0.25 / n) / n):.2f}"
        rate = "–"
        if self.running and len(self._pace) > 2:
            seconds = self._pace[-1][0] - self._pace[0][0]
            images = sum(count for _, count in self._pace[1:])
            rate = _about(images / seconds, 2) if seconds else "–"
        cells = {
            "step": f"{result.step:,}",
            "epoch": f"{result.epoch:.2f}",
            "loss, running mean": "not a number" if run.broken else _about(result.loss),
            "accuracy, batches": _about(result.accuracy),
            f"accuracy, {n} held out": right,
            "images a second": rate,
        }
        boxes = "".join(
            f'<div style="min-width:92px"><small style="color:{plot.GREY}">{name}'
            f'</small><br><b class="cnnkit-{name.split(",")[0].replace(" ", "-")}">'
            f"{value}</b></div>"
            for name, value in cells.items()
        )
        guess = math.log(len(run.class_names))
        hint = ""
        if result.step >= 30 and 1.5 * guess < result.loss < math.inf:
            hint = (
                f'<div style="line-height:1.4">Worse than guessing, whose loss is '
                f"{_about(guess)}: the learning rate may be too high.</div>"
            )
        return (
            '<div style="display:flex;flex-wrap:wrap;gap:2px 22px;line-height:1.35;'
            f'font-variant-numeric:tabular-nums">{boxes}</div>{hint}'
        )

    def _charts(self) -> str:
        result, run = self.result, self.run
        before = run.before or ((), (), ())
        end = max(run.step, len(before[0]), 10)
        marks = [(step, str(k)) for k, (step, *_) in enumerate(run.marks, 1)]
        finite = result.smoothed[np.isfinite(result.smoothed)]
        guess = math.log(len(run.class_names))
        peaks = [*finite[:1], *finite[-3 * POINTS :], *before[0][-3 * POINTS :], guess]
        top = min(1.2 * max(peaks), 4 * guess)
        losses = [
            _curve(before[0], end, top, "#8c8c8c", 1.5),
            _band(result.losses, end, top),
            _curve(result.smoothed, end, top, plot.BLUE, 2),
        ]
        points = run.evaluations
        accuracies = [
            _curve(before[1], end, 1, "#8c8c8c", 1.5),
            _curve(result.accuracies, end, 1, plot.BLUE, 2),
            _curve([y for _, y in points], end, 1, plot.VERMILLION, 2, points),
        ]
        grey = {"before the reset": "#8c8c8c"} if run.before else {}
        pictures = [
            _chart(
                f"Loss {_key(**{'running mean': plot.BLUE}, **grey)}",
                losses, end, top, marks,
                f"Loss over {run.step} steps; the running mean is now "
                f"{_about(result.loss)}.",
            ),
            _chart(
                "Accuracy "
                + _key(batches=plot.BLUE, **{"held out": plot.VERMILLION}, **grey),
                accuracies, end, 1, marks,
                f"Accuracy over {run.step} steps; now {_about(result.accuracy)} on the "
                f"batches, {_about(result.held_out)} on held-out images.",
            ),
        ]  # fmt: skip
        told = "".join(
            f"<div><b>{k}</b> step {step:,}: {html.escape(text)}</div>"
            for k, (step, text, _) in list(enumerate(run.marks, 1))[-5:]
        )
        return (
            '<div style="display:flex;flex-wrap:wrap;gap:2px 16px">'
            f'{"".join(pictures)}</div><div style="line-height:1.4">{told}</div>'
        )

    def _filters(self) -> str:
        kernels = self.run.filters()
        if kernels is None:
            return ""
        tiles, colour = kernel_tiles(kernels)
        shown = tiles[:32]
        if not colour:
            most = np.abs(tiles).max() or 1
            shown = plot.DIVERGING(shown / most / 2 + 0.5)[..., :3]
        shape = "×".join(map(str, kernels.shape[:3]))
        what = f"{len(tiles)} first filters, {shape}"
        if len(tiles) > 32:
            what = f"32 of {what}"
        return _titled(what, _sheet(np.uint8(255 * shown), 44, 4, what))

    def _show_maps(self) -> None:
        run, layer, k = self.run, self.settings["layer"], self.settings["image"]
        maps, scores = run.look(layer, k)
        maps, scores = np.nan_to_num(maps[..., :32]), np.nan_to_num(scores)
        best = np.argsort(-scores, kind="stable")[:3]
        name = run.class_names[run.test_labels[k]]
        image = _sheet(self._pixels[k : k + 1], 128, 1, f"image {k}: {name}")
        right = "right" if best[0] == run.test_labels[k] else "wrong"
        self.parts["maps"].value = (
            '<div style="display:flex;flex-wrap:wrap;gap:4px 14px"><div>'
            + _titled(f"{name} ({right} now)", image)
            + _says([run.class_names[b] for b in best], scores[best])
            + f"</div>{_maps([(layer, maps)])}</div>"
        )

    def _show_mistakes(self) -> None:
        if self._widget is None:
            return
        began = time.perf_counter()
        run, names = self.run, self.run.class_names
        cells = []
        for k, said, sure in run.mistakes(10):
            true = html.escape(names[run.test_labels[k]])
            said = f"{html.escape(names[said])} {100 * sure:.0f}\N{NO-BREAK SPACE}%"
            picture = _sheet(
                self._pixels[k : k + 1], 64, 1, f"{true}, taken for {said}"
            )
            cells.append(
                f'<div data-pick="{k}" style="cursor:pointer;width:76px;line-height:'
                f'1.25;overflow-wrap:anywhere">{picture}{true}<br>'
                f'<span style="color:#a03c00">{said}</span></div>'
            )
        n = len(run.test_labels)
        wrong = round(n * (1 - run.evaluations[-1][1])) if run.evaluations else 0
        text = (
            f"Surest mistakes of ≈{wrong} among {n} held-out images: true class, said"
        )
        self.parts["mistakes"].value = _titled(
            text,
            '<div style="display:flex;flex-wrap:wrap;gap:6px 8px">'
            f"{''.join(cells)}</div>{_PICK}",
        )
        self.times["drawing"] += time.perf_counter() - began


# ---------------------------------------------------------------- small tools


def _expect_between(name: str, value, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(
            f"expected {name} from {low:g} to {high:g}; received {value!r}"
        )


def _kernel_loop():
    """The event loop of this notebook's kernel, or None."""
    if "IPython" not in sys.modules:
        return None
    kernel = getattr(sys.modules["IPython"].get_ipython(), "kernel", None)
    return getattr(getattr(kernel, "io_loop", None), "asyncio_loop", None)


def _this_cell() -> tuple:
    """Ids of the cell that runs and of its execution, as far as they are known."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    parent = shell.get_parent() if hasattr(shell, "get_parent") else None
    parent = parent or {}
    cell = parent.get("metadata", {}).get("cellId")
    return cell, parent.get("header", {}).get("msg_id")


def _pause_all(*_) -> None:
    for view in list(_running):
        view.running, view._why = False, "Paused by an interrupt of the kernel."


def _pause_on_interrupt() -> None:
    """Jupyter's ■ pauses, where it would do nothing: no cell runs."""
    main = threading.current_thread() is threading.main_thread()
    if main and signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, _pause_all)


def _usual_interrupts() -> None:
    main = threading.current_thread() is threading.main_thread()
    if main and signal.getsignal(signal.SIGINT) is _pause_all:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _about(x, digits: int = 3) -> str:
    return approx(float(x), digits) if math.isfinite(x) else "–"


def _described(names, settings) -> str:
    """Settings in words."""
    words = []
    for name, value in settings.items():
        if name not in names:
            continue
        if isinstance(value, bool):
            words.append(f"{name} {'on' if value else 'off'}")
        elif name == "optimizer":
            words.append(f"{value} with an empty memory")
        else:
            words.append(f"{name.replace('_', ' ')} {value:.3g}")
    return ", ".join(words)
