"""Adam (Kingma and Ba, 2015) as Keras has it, in one pass over each weight instead of a dozen: TensorFlow's own fused kernel."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("malmoi")
class Adam(keras.optimizers.Adam):
    """`keras.optimizers.Adam` without its `amsgrad`, for dense gradients: the same numbers, the same state, the same files."""

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
            lr=tf.cast(learning_rate, variable.dtype),
            beta1=tf.cast(self.beta_1, variable.dtype),
            beta2=tf.cast(self.beta_2, variable.dtype),
            epsilon=tf.cast(self.epsilon, variable.dtype),
            grad=tf.cast(gradient, variable.dtype),
        )


def clipped(gradients: list[Any], norm: float) -> list[Any]:
    """Gradients, scaled down together where the norm of all of them is above `norm` (Pascanu et al., 2013);
    0 for no limit.

    A table's gradient comes as rows, a token's as often as it was read: they are summed first. Keras does not, so its norm, and Adam's
    squares for an embedding, are those of the parts.
    """
    dense = [tf.convert_to_tensor(gradient) for gradient in gradients]
    return list(tf.clip_by_global_norm(dense, norm)[0]) if norm > 0 else dense


def _handle(variable: Any) -> Any:
    return (variable.value if isinstance(variable, keras.Variable) else variable).handle
