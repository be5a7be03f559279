"""Optimisers as pure functions: `weights, state = update(weights, gradient, state)`.

`state` is None at the first step, and afterwards what the step before returned; nothing
is changed in place.  `learning_rate` may differ from step to step, as under a schedule.
Where a formula divides by a root, `epsilon` stands beside the root, as the lectures
have it; frameworks put it inside or scale it, which shows in the seventh digit.
"""

import numpy as np

from . import _checks as checks

State = dict[str, np.ndarray | int]


def sgd(
    weights: np.ndarray,
    gradient: np.ndarray,
    state: State | None = None,
    learning_rate: float = 0.01,
) -> tuple[np.ndarray, State]:
    """Gradient descent: one step against the gradient.

        w <- w - learning_rate * g

    Args:
        weights: any shape.
        gradient: g, of the shape of the weights.
        state: None or {}; there is nothing to remember.
        learning_rate: length of the step for a gradient of 1.

    Returns:
        (weights, state) after the step.

    Raises:
        ValueError: if the shapes differ.

    Source: CS-878 W4 (follow the slope).

    >>> sgd(np.array([1.0, 2.0]), np.array([1.0, -1.0]), learning_rate=0.1)
    (array([0.9, 2.1]), {})
    """
    w, g, _ = _operands(weights, gradient, state)
    return w - learning_rate * g, {}


def momentum(
    weights: np.ndarray,
    gradient: np.ndarray,
    state: State | None = None,
    learning_rate: float = 0.01,
    rho: float = 0.9,
) -> tuple[np.ndarray, State]:
    """A ball with friction: the velocity is a decaying sum of past gradients.

        v <- rho * v + g
        w <- w - learning_rate * v

    Under a constant gradient v grows to g / (1 - rho), so steps become ten times longer
    at rho = 0.9.  Keras keeps learning_rate * v instead, the same at a constant rate.

    Args:
        weights, gradient: of one shape.
        state: None, or {"velocity": v}.
        learning_rate: length of the step for a velocity of 1.
        rho: share of the velocity that stays.

    Returns:
        (weights, state) after the step.

    Raises:
        ValueError: if the shapes differ or rho is outside [0, 1).

    Source: CS-878 W4 (momentum); Polyak 1964.

    >>> w, state = np.array([1.0]), None
    >>> for g in (1.0, 0.5, -0.25):
    ...     w, state = momentum(w, np.array([g]), state, learning_rate=0.1)
    >>> w.round(4), state["velocity"]
    (array([0.659]), array([1.01]))
    """
    w, g, state = _operands(weights, gradient, state, "velocity")
    v = checks.rate(rho, "rho") * state["velocity"] + g
    return w - learning_rate * v, {"velocity": v}


def nesterov(
    weights: np.ndarray,
    gradient: np.ndarray,
    state: State | None = None,
    learning_rate: float = 0.01,
    rho: float = 0.9,
) -> tuple[np.ndarray, State]:
    """Momentum that looks ahead: the step already counts the next decayed velocity.

        v <- rho * v + g
        w <- w - learning_rate * (g + rho * v)

    Args:
        weights, gradient: of one shape.
        state: None, or {"velocity": v}.
        learning_rate: length of the step.
        rho: share of the velocity that stays.

    Returns:
        (weights, state) after the step.

    Raises:
        ValueError: if the shapes differ or rho is outside [0, 1).

    Source: Sutskever et al. 2013, section 2, in the form of Keras's
        `SGD(nesterov=True)`.

    >>> nesterov(np.array([1.0]), np.array([1.0]), learning_rate=0.1)[0].round(4)
    array([0.81])
    """
    w, g, state = _operands(weights, gradient, state, "velocity")
    v = checks.rate(rho, "rho") * state["velocity"] + g
    return w - learning_rate * (g + rho * v), {"velocity": v}


def adagrad(
    weights: np.ndarray,
    gradient: np.ndarray,
    state: State | None = None,
    learning_rate: float = 0.01,
    epsilon: float = 1e-7,
) -> tuple[np.ndarray, State]:
    """Each weight's steps shrink with the root of its squared gradients so far.

        s <- s + g^2
        w <- w - learning_rate * g / (sqrt(s) + epsilon)

    Args:
        weights, gradient: of one shape.
        state: None, or {"squares": s}; Keras starts its s at 0.1.
        learning_rate: length of the first step.
        epsilon: keeps the quotient finite.

    Returns:
        (weights, state) after the step.

    Raises:
        ValueError: if the shapes differ or epsilon <= 0.

    Source: Duchi, Hazan & Singer 2011, section 1.3.

    >>> w, state = adagrad(np.array([1.0, 1.0]), np.array([10.0, 0.1]))
    >>> w.round(6)  # both weights move alike
    array([0.99, 0.99])
    """
    w, g, state = _operands(weights, gradient, state, "squares")
    s = state["squares"] + g**2
    w = w - learning_rate * g / (np.sqrt(s) + checks.positive(epsilon, "epsilon"))
    return w, {"squares": s}


def rmsprop(
    weights: np.ndarray,
    gradient: np.ndarray,
    state: State | None = None,
    learning_rate: float = 0.001,
    decay: float = 0.9,
    epsilon: float = 1e-7,
) -> tuple[np.ndarray, State]:
    """Adagrad that forgets: an average of recent squared gradients.

        s <- decay * s + (1 - decay) * g^2
        w <- w - learning_rate * g / (sqrt(s) + epsilon)

    Args:
        weights, gradient: of one shape.
        state: None, or {"squares": s}.
        learning_rate: length of the steps once s has settled.
        decay: share of the average that stays.
        epsilon: keeps the quotient finite.

    Returns:
        (weights, state) after the step.

    Raises:
        ValueError: if the shapes differ, decay is outside [0, 1), or epsilon <= 0.

    Source: CS-878 W4 (RMSProp); Tieleman & Hinton 2012.

    >>> rmsprop(np.array([1.0]), np.array([1.0]), learning_rate=0.1)[0].round(4)
    array([0.6838])
    """
    w, g, state = _operands(weights, gradient, state, "squares")
    s = _average(state["squares"], g**2, decay, "decay")
    w = w - learning_rate * g / (np.sqrt(s) + checks.positive(epsilon, "epsilon"))
    return w, {"squares": s}


def adam_almost(
    weights: np.ndarray,
    gradient: np.ndarray,
    state: State | None = None,
    learning_rate: float = 0.001,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-7,
) -> tuple[np.ndarray, State]:
    """Momentum and RMSProp together, before the correction that makes it Adam.

        m <- beta1 * m + (1 - beta1) * g
        v <- beta2 * v + (1 - beta2) * g^2
        w <- w - learning_rate * m / (sqrt(v) + epsilon)

    Both averages start at zero, v much more slowly than m, so the first step is
    (1 - beta1) / sqrt(1 - beta2) = 3.2 times too long.

    Args:
        weights, gradient: of one shape.
        state: None, or {"mean": m, "squares": v}.
        learning_rate: length of the steps once both averages have settled.
        beta1, beta2: shares of the averages that stay.
        epsilon: keeps the quotient finite.

    Returns:
        (weights, state) after the step.

    Raises:
        ValueError: if the shapes differ, a beta is outside [0, 1), or epsilon <= 0.

    Source: CS-878 W4 (Adam, almost).

    >>> adam_almost(np.array([1.0]), np.array([1.0]), learning_rate=0.1)[0].round(4)
    array([0.6838])
    """
    w, g, state = _operands(weights, gradient, state, "mean", "squares")
    m = _average(state["mean"], g, beta1, "beta1")
    v = _average(state["squares"], g**2, beta2, "beta2")
    w = w - learning_rate * m / (np.sqrt(v) + checks.positive(epsilon, "epsilon"))
    return w, {"mean": m, "squares": v}


def adam(
    weights: np.ndarray,
    gradient: np.ndarray,
    state: State | None = None,
    learning_rate: float = 0.001,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-7,
) -> tuple[np.ndarray, State]:
    """Momentum and RMSProp, both corrected for their start at zero.

        m <- beta1 * m + (1 - beta1) * g          m' = m / (1 - beta1^t)
        v <- beta2 * v + (1 - beta2) * g^2        v' = v / (1 - beta2^t)
        w <- w - learning_rate * m' / (sqrt(v') + epsilon)

    t counts the steps from 1.

    Args:
        weights, gradient: of one shape.
        state: None, or {"mean": m, "squares": v, "step": t}.
        learning_rate: length of the steps under a constant gradient.
        beta1, beta2: shares of the averages that stay.
        epsilon: keeps the quotient finite.

    Returns:
        (weights, state) after the step.

    Raises:
        ValueError: if the shapes differ, a beta is outside [0, 1), or epsilon <= 0.

    Source: CS-878 W4, IS 6733 (Adam); Kingma & Ba 2014, arXiv:1412.6980, algorithm 1.

    >>> w, state = np.array([1.0]), None
    >>> for g in (1.0, 0.5, -0.25):
    ...     w, state = adam(w, np.array([g]), state, learning_rate=0.1)
    >>> w.round(4), state["step"]
    (array([0.7504]), 3)
    """
    w, g, state = _operands(weights, gradient, state, "mean", "squares")
    t = state.get("step", 0) + 1
    m = _average(state["mean"], g, beta1, "beta1")
    v = _average(state["squares"], g**2, beta2, "beta2")
    mean, squares = m / (1 - beta1**t), v / (1 - beta2**t)
    checks.positive(epsilon, "epsilon")
    w = w - learning_rate * mean / (np.sqrt(squares) + epsilon)
    return w, {"mean": m, "squares": v, "step": t}


def adamw(
    weights: np.ndarray,
    gradient: np.ndarray,
    state: State | None = None,
    learning_rate: float = 0.001,
    beta1: float = 0.9,
    beta2: float = 0.999,
    weight_decay: float = 0.004,
    epsilon: float = 1e-7,
) -> tuple[np.ndarray, State]:
    """Adam with weight decay beside it, where no root divides it.

        w <- Adam's step - learning_rate * weight_decay * w

    A penalty in the gradient would be divided by the root as everything else is, and
    would so shrink weights with large gradients less.

    Args:
        weights, gradient: of one shape.
        state: None, or {"mean": m, "squares": v, "step": t}.
        learning_rate, beta1, beta2, epsilon: as in `adam`.
        weight_decay: share of each weight taken away per step of rate 1.

    Returns:
        (weights, state) after the step.

    Raises:
        ValueError: as `adam`.

    Source: CS-878 W4; Loshchilov & Hutter 2017, arXiv:1711.05101, algorithm 2.

    >>> adamw(np.array([1.0]), np.array([1.0]), None, 0.1, weight_decay=0.1)[0].round(4)
    array([0.89])
    """
    stepped, state = adam(
        weights, gradient, state, learning_rate, beta1, beta2, epsilon
    )
    return stepped - learning_rate * weight_decay * np.asarray(weights), state


def adadelta(
    weights: np.ndarray,
    gradient: np.ndarray,
    state: State | None = None,
    learning_rate: float = 1.0,
    rho: float = 0.95,
    epsilon: float = 1e-7,
) -> tuple[np.ndarray, State]:
    """RMSProp whose rate is the size of its own recent steps: no rate to choose.

        s <- rho * s + (1 - rho) * g^2
        d  = sqrt(u + epsilon) / sqrt(s + epsilon) * g
        u <- rho * u + (1 - rho) * d^2
        w <- w - learning_rate * d

    Args:
        weights, gradient: of one shape.
        state: None, or {"squares": s, "steps": u}.
        learning_rate: 1 in the paper; Keras's default 0.001 makes it very slow.
        rho: share of the averages that stays.
        epsilon: starts the motion, so its size matters here.

    Returns:
        (weights, state) after the step.

    Raises:
        ValueError: if the shapes differ, rho is outside [0, 1), or epsilon <= 0.

    Source: Zeiler 2012, arXiv:1212.5701, algorithm 1.

    >>> adadelta(np.array([1.0]), np.array([1.0]))[0].round(6)
    array([0.998586])
    """
    w, g, state = _operands(weights, gradient, state, "squares", "steps")
    checks.positive(epsilon, "epsilon")
    s = _average(state["squares"], g**2, rho, "rho")
    step = np.sqrt(state["steps"] + epsilon) / np.sqrt(s + epsilon) * g
    u = _average(state["steps"], step**2, rho, "rho")
    return w - learning_rate * step, {"squares": s, "steps": u}


def _operands(weights, gradient, state, *kept):
    """Weights, gradient and state; averages that are not there yet are zeros."""
    weights = checks.floating(weights, "weights")
    gradient = checks.floating(gradient, "gradient")
    if gradient.shape != weights.shape:
        raise ValueError(
            f"expected a gradient of the weights' shape {weights.shape}; "
            f"received {gradient.shape}"
        )
    return weights, gradient, state or {name: np.zeros_like(weights) for name in kept}


def _average(old, new, share, name):
    checks.rate(share, name)
    return share * old + (1 - share) * new
