"""Learning-rate schedules: the rate as a function of the step, each with a warm-up.

A step is one update of the weights, counted from 0 at the start of the run, the
warm-up included; `steps_per_epoch` times an epoch gives the step at which it begins.
During a warm-up of w steps the rate rises in a straight line, from 0 at step 0 to its
full value at step w (Goyal et al. 2017, arXiv:1706.02677, section 2.2); then the
schedule begins.

Each function returns a Keras `LearningRateSchedule`, Keras's own where it has one: pass
it to an optimizer as learning_rate, or call it with a step.  Keras's
`ReduceLROnPlateau` is a callback and sets a rate of its own: it cannot be combined with
a schedule.
"""

import math
import numbers
from collections.abc import Sequence

import keras
from keras import ops
from keras.optimizers.schedules import (
    CosineDecay,
    LearningRateSchedule,
    PiecewiseConstantDecay,
    PolynomialDecay,
)


def constant(rate: float, warmup: int = 0) -> LearningRateSchedule:
    """The same rate at every step.

    Args:
        rate: learning rate after the warm-up.
        warmup: steps until then.

    Returns:
        Keras's `PolynomialDecay`, a straight line that ends at `rate`.

    Raises:
        ValueError: if rate is not a positive number or warmup not a whole number of
            at least 0.

    Source: CS-878 W4.

    >>> schedule = constant(0.1, warmup=5000)
    >>> [f"{float(schedule(step)):.2f}" for step in (0, 1000, 2500, 5000, 6000)]
    ['0.00', '0.02', '0.05', '0.10', '0.10']
    """
    _positive("rate", rate)
    _whole("warmup", warmup, least=0)
    return PolynomialDecay(0.0 if warmup else rate, max(warmup, 1), rate)


def step(
    rate: float, boundaries: Sequence[int], factor: float = 0.1, warmup: int = 0
) -> LearningRateSchedule:
    """The rate falls by a factor at each boundary.

    Args:
        rate: learning rate up to the first boundary.
        boundaries: the first steps with the next rate, in rising order, behind the
            warm-up.  (Keras's `PiecewiseConstantDecay` names the last steps with the
            rate before.)
        factor: each rate over the one before.
        warmup: steps of warm-up.

    Returns:
        Keras's `PiecewiseConstantDecay`, in a `Warmup` if there is one.

    Raises:
        ValueError: if rate is not a positive number, boundaries are not rising whole
            numbers behind the warm-up, factor is outside (0, 1), or warmup is not a
            whole number of at least 0.

    Source: CS-878 W4; He et al. 2015, arXiv:1512.03385, section 4.2 (steps of 32,000
    and 48,000).

    >>> schedule = step(0.1, boundaries=(32_000, 48_000))
    >>> [f"{float(schedule(n)):.3f}" for n in (0, 31_999, 32_000, 48_000)]
    ['0.100', '0.100', '0.010', '0.001']
    """
    _positive("rate", rate)
    _whole("warmup", warmup, least=0)
    if not 0 < factor < 1:
        raise ValueError(f"expected 0 < factor < 1; received {factor!r}")
    if not len(boundaries):
        raise ValueError("expected at least one boundary; received none: use constant")
    last = warmup
    for boundary in boundaries:
        _whole("boundaries", boundary, least=0)
        if boundary <= last:
            raise ValueError(
                f"expected boundaries that rise, the first above {warmup} (the "
                f"warm-up); received {boundaries!r}"
            )
        last = boundary
    return _warmed(
        PiecewiseConstantDecay(
            [int(boundary) - warmup - 1 for boundary in boundaries],
            [rate * factor**n for n in range(len(boundaries) + 1)],
        ),
        warmup,
    )


def cosine(
    rate: float, steps: int, final: float = 0.0, warmup: int = 0
) -> LearningRateSchedule:
    """Half a wave from the rate down to the final rate, slow at both ends.

        final + (rate - final) (1 + cos(pi t / T)) / 2

    for step t of T, both counted behind the warm-up.

    Args:
        rate: learning rate at the start, after the warm-up.
        steps: length of the run, the warm-up included; then the final rate stays.
        final: learning rate at the end.
        warmup: steps of warm-up.

    Returns:
        Keras's `CosineDecay`.

    Raises:
        ValueError: if rate is not a positive number, final is outside [0, rate], or
            warmup and steps are not whole numbers with 0 <= warmup < steps.

    Source: CS-878 W4; Loshchilov & Hutter 2017, arXiv:1608.03983, equation 5.

    >>> schedule = cosine(0.1, steps=100)
    >>> [f"{float(schedule(step)):.4f}" for step in (0, 25, 50, 75, 100)]
    ['0.1000', '0.0854', '0.0500', '0.0146', '0.0000']
    """
    _run(rate, steps, final, warmup)
    if not warmup:
        return CosineDecay(rate, steps, alpha=final / rate)
    return CosineDecay(
        0.0,
        steps - warmup,
        alpha=final / rate,
        warmup_target=rate,
        warmup_steps=warmup,
    )


def linear(
    rate: float, steps: int, final: float = 0.0, warmup: int = 0
) -> LearningRateSchedule:
    """A straight line from the rate down to the final rate.

        rate + (final - rate) t / T

    for step t of T, both counted behind the warm-up.

    Args:
        rate, steps, final, warmup: as in `cosine`.

    Returns:
        Keras's `PolynomialDecay`, in a `Warmup` if there is one.

    Raises:
        ValueError: as `cosine`.

    Source: CS-878 W4.

    >>> schedule = linear(0.1, steps=100)
    >>> [f"{float(schedule(step)):.3f}" for step in (0, 25, 50, 75, 100)]
    ['0.100', '0.075', '0.050', '0.025', '0.000']
    """
    _run(rate, steps, final, warmup)
    return _warmed(PolynomialDecay(rate, steps - warmup, final), warmup)


def inverse_square_root(
    rate: float, timescale: int | None = None, warmup: int = 0
) -> LearningRateSchedule:
    """A fall without an end: ever slower, and no length of the run to be known.

        rate / sqrt(1 + t / timescale)

    for step t behind the warm-up: after `timescale` steps the rate is down to 0.71, and
    after three times as many to one half.  With a warm-up of w steps and no timescale
    this is rate * sqrt(w / step), the schedule of the Transformer.

    Differs: from the lecture's rate / sqrt(t), which divides by zero at the start, by
    the 1, so that the first step has the full rate.

    Args:
        rate: learning rate at the start, after the warm-up.
        timescale: in steps; the steps of an epoch make t / timescale count epochs.
            None takes the warm-up, or 1 without one.
        warmup: steps of warm-up.

    Returns:
        An `InverseSquareRoot`, in a `Warmup` if there is one.

    Raises:
        ValueError: if rate is not a positive number, timescale not a whole number of
            at least 1, or warmup not a whole number of at least 0.

    Source: CS-878 W4; Vaswani et al. 2017, arXiv:1706.03762, equation 3.

    >>> schedule = inverse_square_root(0.1)
    >>> [f"{float(schedule(step)):.2f}" for step in (0, 3, 24, 99)]
    ['0.10', '0.05', '0.02', '0.01']
    """
    _whole("warmup", warmup, least=0)
    timescale = max(warmup, 1) if timescale is None else timescale
    return _warmed(InverseSquareRoot(rate, timescale), warmup)


@keras.saving.register_keras_serializable("cnnkit")
class InverseSquareRoot(LearningRateSchedule):
    """The schedule that `inverse_square_root` makes, without its warm-up.

    Args:
        rate: learning rate at step 0.
        timescale: steps until the rate is down to 1 / sqrt(2) of that.

    Raises:
        ValueError: if rate is not a positive number or timescale not a whole number of
            at least 1.

    Source: Vaswani et al. 2017, arXiv:1706.03762, equation 3.

    >>> float(InverseSquareRoot(1.0, timescale=10)(30))
    0.5
    """

    def __init__(self, rate: float, timescale: int = 1):
        _positive("rate", rate)
        _whole("timescale", timescale, least=1)
        self.rate = rate
        self.timescale = timescale

    def __call__(self, step):
        return self.rate * ops.rsqrt(1 + ops.cast(step, "float32") / self.timescale)

    def get_config(self):
        return {"rate": self.rate, "timescale": self.timescale}


@keras.saving.register_keras_serializable("cnnkit")
class Warmup(LearningRateSchedule):
    """Another schedule, which begins after a straight line from 0 to its first rate.

    Args:
        schedule: any Keras `LearningRateSchedule`.
        steps: steps until it begins.

    Raises:
        ValueError: if schedule is something else or steps not a whole number of at
            least 1.

    Source: Goyal et al. 2017, arXiv:1706.02677, section 2.2.

    >>> schedule = Warmup(PolynomialDecay(0.1, 100, 0.0), steps=10)
    >>> [f"{float(schedule(step)):.2f}" for step in (0, 5, 10, 60, 110)]
    ['0.00', '0.05', '0.10', '0.05', '0.00']
    """

    def __init__(self, schedule: LearningRateSchedule, steps: int):
        if not isinstance(schedule, LearningRateSchedule):
            raise ValueError(
                f"expected a Keras LearningRateSchedule; received {schedule!r}"
            )
        _whole("steps", steps, least=1)
        self.schedule = schedule
        self.steps = steps

    def __call__(self, step):
        step = ops.convert_to_tensor(step)
        rate = self.schedule(ops.maximum(step - self.steps, 0))
        return rate * ops.minimum(ops.cast(step, "float32") / self.steps, 1.0)

    def get_config(self):
        schedule = keras.saving.serialize_keras_object(self.schedule)
        return {"schedule": schedule, "steps": self.steps}

    @classmethod
    def from_config(cls, config):
        schedule = keras.saving.deserialize_keras_object(config["schedule"])
        return cls(schedule, config["steps"])


def _warmed(schedule, warmup):
    return Warmup(schedule, warmup) if warmup else schedule


def _run(rate, steps, final, warmup):
    _positive("rate", rate)
    if not isinstance(final, numbers.Real) or not 0 <= final <= rate:
        raise ValueError(f"expected 0 <= final <= rate ({rate}); received {final!r}")
    _whole("warmup", warmup, least=0)
    _whole("steps", steps, least=1)
    if warmup >= steps:
        raise ValueError(
            "expected more steps in the run than in its warm-up; received "
            f"steps {steps}, warmup {warmup}"
        )


def _positive(name, value):
    if not isinstance(value, numbers.Real) or not 0 < value < math.inf:
        raise ValueError(f"expected {name}: a positive number; received {value!r}")


def _whole(name, value, least):
    if not isinstance(value, numbers.Integral) or value < least:
        raise ValueError(
            f"expected {name}: a whole number of at least {least}; received {value!r}"
        )
