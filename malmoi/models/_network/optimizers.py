"""Adam (Kingma and Ba, 2015), AdamW and gradient descent as Keras has them, in one pass over each weight instead of a dozen:
TensorFlow's own fused kernels."""

from typing import Any

import keras
import tensorflow as tf

from malmoi.models._network.training import Training


class Paced:
    """An optimizer whose learning rate, and with it the decay of weights, may differ from weight to weight (Howard and Ruder, 2018, section
    3.2: with the rate of a layer goes all that it changes). pace: see `pace`; None where all weights learn at the same rate."""

    pace: Any = None

    def _apply_weight_decay(self, variables: list[Any]) -> None:
        """As Keras does it, by each weight's own rate."""
        if self.pace is None:
            super()._apply_weight_decay(variables)  # type: ignore[misc]
        elif self.weight_decay is not None:  # type: ignore[attr-defined]
            for variable in filter(self._use_weight_decay, variables):  # type: ignore[attr-defined]
                share = _paced(self, variable, self.learning_rate) * tf.cast(self.weight_decay, variable.dtype)  # type: ignore[attr-defined]
                variable.assign(variable - variable * share)


@keras.saving.register_keras_serializable("malmoi")
class Adam(Paced, keras.optimizers.Adam):
    """`keras.optimizers.Adam` without its `amsgrad`, for dense gradients: the same numbers, the same state, the same files.
    With weight_decay it is Keras's AdamW."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Change one weight and what is kept for it."""
        place = self._get_variable_index(variable)
        step = tf.cast(self.iterations, variable.dtype) + 1
        tf.raw_ops.ResourceApplyAdam(
            var=_handle(variable),
            m=_handle(self._momentums[place]),
            v=_handle(self._velocities[place]),
            beta1_power=tf.pow(tf.cast(self.beta_1, variable.dtype), step),
            beta2_power=tf.pow(tf.cast(self.beta_2, variable.dtype), step),
            lr=_paced(self, variable, learning_rate),
            beta1=tf.cast(self.beta_1, variable.dtype),
            beta2=tf.cast(self.beta_2, variable.dtype),
            epsilon=tf.cast(self.epsilon, variable.dtype),
            grad=tf.cast(gradient, variable.dtype),
        )


@keras.saving.register_keras_serializable("malmoi")
class SGD(Paced, keras.optimizers.SGD):
    """`keras.optimizers.SGD`, with momentum or without, for dense gradients: the same numbers, the same state, the same
    files."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Change one weight and what is kept for it."""
        rate, gradient = _paced(self, variable, learning_rate), tf.cast(gradient, variable.dtype)
        if not self.momentum:
            tf.raw_ops.ResourceApplyGradientDescent(var=_handle(variable), alpha=rate, delta=gradient)
            return
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=_handle(variable),
            accum=_handle(self.momentums[self._get_variable_index(variable)]),
            lr=rate,
            grad=gradient,
            momentum=tf.cast(self.momentum, variable.dtype),
            use_nesterov=self.nesterov,
        )


def find(training: Training, rate: Any, variables: list[Any]) -> Any:
    """The optimizer that the settings ask for, with its state. rate: of `schedules`. Biases and gains, which are vectors, do not decay."""
    decay = {"weight_decay": training.weight_decay} if training.weight_decay else {}
    adaptive = training.optimizer in ("adam", "adamw")
    optimizer = Adam(rate, **decay) if adaptive else SGD(rate, momentum=training.momentum, **decay)
    if decay:
        optimizer.exclude_from_weight_decay(var_list=[one for one in variables if len(one.shape) < 2 or one.name.endswith("bias")])
    optimizer.build(variables)
    return optimizer


def clipped(gradients: list[Any], norm: float) -> tuple[list[Any], Any]:
    """Gradients, scaled down together where the norm of all of them is above `norm` (Pascanu et al., 2013); 0 for no limit.

    Also (gradients,) half the square of each one's norm before. A table's gradient comes as rows, a token's as often as it was read: they
    are summed first. Keras does not, so its norm, and Adam's squares for an embedding, are those of the parts.
    """
    dense = [tf.convert_to_tensor(gradient) for gradient in gradients]
    halves = tf.stack([tf.nn.l2_loss(gradient) for gradient in dense])
    if norm <= 0:
        return dense, halves
    length = whole(halves)
    return list(tf.cond(length <= norm, lambda: dense, lambda: tf.clip_by_global_norm(dense, norm, length)[0])), halves


def whole(halves: Any) -> Any:
    """The norm of all gradients, from half the square of each one's."""
    return tf.sqrt(tf.reduce_sum(halves) * 2.0)


def _paced(optimizer: Any, variable: Any, rate: Any) -> Any:
    """The learning rate of one weight."""
    rate = tf.cast(rate, variable.dtype)
    if optimizer.pace is None:
        return rate
    return rate * tf.cast(optimizer.pace.shares[optimizer._get_variable_index(variable)], variable.dtype)


def _handle(variable: Any) -> Any:
    return (variable.value if isinstance(variable, keras.Variable) else variable).handle
