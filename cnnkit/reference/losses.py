"""Losses of single examples, and penalties on weights.

Losses take scores or probabilities (batch, classes) and integer labels (batch,), and
return one number for each example; the loss of a batch is their mean.  Its gradient:
`loss_backward(np.full(batch, 1 / batch), ...)`.  A penalty's factor is the upstream
gradient of its backward function.
"""

import numpy as np

from . import _checks as checks
from .activations import softmax


def softmax_cross_entropy(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Minus the logarithm of the softmax probability of the right class.

        L = -log(exp(s[label]) / sum over j of exp(s[j]))

    Args:
        scores: (batch, classes), any real numbers.
        labels: (batch,) integers, the index of the right class.

    Returns:
        (batch,) losses.

    Raises:
        ValueError: if scores have not two axes, or labels are no integers, of another
            length, or outside the classes.

    Source: CS-878 W4 (softmax loss).

    >>> softmax_cross_entropy([[2.0, 3.5, -1.0]], [0]).round(4)
    array([1.7105])
    """
    scores, labels = _examples(scores, labels, "scores")
    shifted = scores - scores.max(axis=1, keepdims=True)
    right = np.take_along_axis(shifted, labels[:, None], axis=1)[:, 0]
    return np.log(np.exp(shifted).sum(axis=1)) - right


def softmax_cross_entropy_backward(
    upstream: np.ndarray, scores: np.ndarray, labels: np.ndarray
) -> np.ndarray:
    """Gradient of `softmax_cross_entropy` by the scores: probabilities minus targets.

        dscores = g * (softmax(scores) - one-hot label)

    Args:
        upstream: g, (batch,).
        scores, labels: as given to `softmax_cross_entropy`.

    Returns:
        Gradient of the shape of scores.

    Raises:
        ValueError: as `softmax_cross_entropy`, and if `upstream` is no (batch,).

    Source: CS-878 W4.

    >>> softmax_cross_entropy_backward([1.0], [[2.0, 3.5, -1.0]], [0]).round(4)
    array([[-0.8192,  0.8102,  0.009 ]])
    """
    scores, labels = _examples(scores, labels, "scores")
    upstream = checks.same_shape(upstream, labels.shape)
    difference = softmax(scores)
    difference[np.arange(len(labels)), labels] -= 1
    return upstream[:, None] * difference


def multiclass_hinge(
    scores: np.ndarray, labels: np.ndarray, margin: float = 1.0
) -> np.ndarray:
    """How far wrong classes come within a margin of the right one, summed.

        L = sum over j != label of  max(0, s[j] - s[label] + margin)

    Args:
        scores: (batch, classes), any real numbers.
        labels: (batch,) integers, the index of the right class.
        margin: lead that the right class shall have.

    Returns:
        (batch,) losses.

    Raises:
        ValueError: as `softmax_cross_entropy`.

    Source: CS-878 W4; Weston & Watkins 1999.

    >>> multiclass_hinge([[2.0, 3.5, -1.0]], [0])
    array([2.5])
    """
    return np.maximum(_margins(scores, labels, margin)[0], 0).sum(axis=1)


def multiclass_hinge_backward(
    upstream: np.ndarray, scores: np.ndarray, labels: np.ndarray, margin: float = 1.0
) -> np.ndarray:
    """Gradient of `multiclass_hinge` by the scores.

    Each wrong class within the margin is pushed down by one, and the right class up by
    as many.

    Args:
        upstream: (batch,).
        scores, labels, margin: as given to `multiclass_hinge`.

    Returns:
        Gradient of the shape of scores.

    Raises:
        ValueError: as `multiclass_hinge`, and if `upstream` is no (batch,).

    Source: CS-878 W4.

    >>> multiclass_hinge_backward([1.0], [[2.0, 3.5, -1.0]], [0])
    array([[-1.,  1.,  0.]])
    """
    margins, labels = _margins(scores, labels, margin)
    upstream = checks.same_shape(upstream, labels.shape)
    within = (margins > 0).astype(margins.dtype)
    within[np.arange(len(labels)), labels] = -within.sum(axis=1)
    return upstream[:, None] * within


def negative_log_likelihood(
    probabilities: np.ndarray, labels: np.ndarray
) -> np.ndarray:
    """Minus the logarithm of the probability that was given to the right class.

        L = -log p[label]

    Args:
        probabilities: (batch, classes), between 0 and 1; not scores.
        labels: (batch,) integers, the index of the right class.

    Returns:
        (batch,) losses; infinite where the right class had probability 0.

    Raises:
        ValueError: as `softmax_cross_entropy`, or if a number is outside [0, 1].

    Source: IS 6733 (negative log-likelihood).

    >>> negative_log_likelihood([[0.7, 0.3], [0.8, 0.2]], [0, 1]).round(4)
    array([0.3567, 1.6094])
    """
    right, _ = _right_probabilities(probabilities, labels)
    with np.errstate(divide="ignore"):
        return -np.log(right)


def negative_log_likelihood_backward(
    upstream: np.ndarray, probabilities: np.ndarray, labels: np.ndarray
) -> np.ndarray:
    """Gradient of `negative_log_likelihood` by the probabilities: -1 / p, one entry.

    Args:
        upstream: (batch,).
        probabilities, labels: as given to `negative_log_likelihood`.

    Returns:
        Gradient of the shape of the probabilities.

    Raises:
        ValueError: as `negative_log_likelihood`, and if `upstream` is no (batch,).

    Source: IS 6733.

    >>> negative_log_likelihood_backward([1.0], [[0.75, 0.25]], [1])
    array([[ 0., -4.]])
    """
    right, labels = _right_probabilities(probabilities, labels)
    upstream = checks.same_shape(upstream, labels.shape)
    gradient = np.zeros(np.shape(probabilities), right.dtype)
    with np.errstate(divide="ignore"):
        gradient[np.arange(len(labels)), labels] = -upstream / right
    return gradient


def l1_penalty(weights: np.ndarray) -> float:
    """Sum of absolute weights: pulls all alike, small ones to exactly zero (LASSO).

    Args:
        weights: any shape.

    Returns:
        One number.

    Source: IS 6733; CS-878 W4 (regularisation).

    >>> print(l1_penalty([[1.0, -2.0], [3.0, 0.0]]))
    6.0
    """
    return np.abs(checks.floating(weights, "weights")).sum()


def l1_penalty_backward(upstream: float, weights: np.ndarray) -> np.ndarray:
    """Gradient of `l1_penalty`: the sign of each weight, 0 at 0.

    Args:
        upstream: factor of the penalty in the loss.
        weights: as given to `l1_penalty`.

    Returns:
        Gradient of the shape of the weights.

    Source: as `l1_penalty`.

    >>> l1_penalty_backward(0.1, [1.0, -2.0, 0.0])
    array([ 0.1, -0.1,  0. ])
    """
    return upstream * np.sign(checks.floating(weights, "weights"))


def l2_penalty(weights: np.ndarray) -> float:
    """Sum of squared weights: pulls large ones most (ridge, Tikhonov).

    Keras's `regularizers.L2(factor)` is factor times this, without a half.

    Args:
        weights: any shape.

    Returns:
        One number.

    Source: IS 6733; CS-878 W4 (regularisation).

    >>> print(l2_penalty([[1.0, -2.0], [3.0, 0.0]]))
    14.0
    """
    return (checks.floating(weights, "weights") ** 2).sum()


def l2_penalty_backward(upstream: float, weights: np.ndarray) -> np.ndarray:
    """Gradient of `l2_penalty`: twice each weight.

    Args:
        upstream: factor of the penalty in the loss.
        weights: as given to `l2_penalty`.

    Returns:
        Gradient of the shape of the weights.

    Source: as `l2_penalty`.

    >>> l2_penalty_backward(0.5, [1.0, -2.0, 0.0])
    array([ 1., -2.,  0.])
    """
    return upstream * 2 * checks.floating(weights, "weights")


def elastic_net_penalty(weights: np.ndarray, beta: float = 0.5) -> float:
    """Both penalties: the sum of  beta * w^2 + |w|.

    Args:
        weights: any shape.
        beta: share of the squares.

    Returns:
        One number.

    Source: IS 6733; Zou & Hastie 2005.

    >>> print(elastic_net_penalty([[1.0, -2.0], [3.0, 0.0]], beta=0.5))
    13.0
    """
    return beta * l2_penalty(weights) + l1_penalty(weights)


def elastic_net_penalty_backward(
    upstream: float, weights: np.ndarray, beta: float = 0.5
) -> np.ndarray:
    """Gradient of `elastic_net_penalty`.

    Args:
        upstream: factor of the penalty in the loss.
        weights, beta: as given to `elastic_net_penalty`.

    Returns:
        Gradient of the shape of the weights.

    Source: as `elastic_net_penalty`.

    >>> elastic_net_penalty_backward(1.0, [1.0, -2.0, 0.0], beta=0.5)
    array([ 2., -3.,  0.])
    """
    squares = l2_penalty_backward(upstream * beta, weights)
    return squares + l1_penalty_backward(upstream, weights)


def _examples(values, labels, name):
    values = checks.floating(checks.array(values, "batch, classes", name), name)
    labels = np.asarray(labels)
    if labels.shape != values.shape[:1] or labels.dtype.kind not in "iu":
        raise ValueError(
            f"expected labels: {len(values)} integers, one for each row of {name}; "
            f"received shape {labels.shape}, {labels.dtype}"
        )
    if labels.size and not 0 <= labels.min() <= labels.max() < values.shape[1]:
        raise ValueError(
            f"expected labels from 0 to {values.shape[1] - 1}; "
            f"received {labels.min()} to {labels.max()}"
        )
    return values, labels


def _margins(scores, labels, margin):
    """(s[j] - s[label] + margin), with 0 for the label itself."""
    scores, labels = _examples(scores, labels, "scores")
    margins = scores - np.take_along_axis(scores, labels[:, None], axis=1) + margin
    margins[np.arange(len(labels)), labels] = 0
    return margins.astype(scores.dtype, copy=False), labels


def _right_probabilities(probabilities, labels):
    probabilities, labels = _examples(probabilities, labels, "probabilities")
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise ValueError(
            "expected probabilities between 0 and 1; received "
            f"{probabilities.min():.4g} to {probabilities.max():.4g}: "
            "scores go through softmax first"
        )
    return np.take_along_axis(probabilities, labels[:, None], axis=1)[:, 0], labels
