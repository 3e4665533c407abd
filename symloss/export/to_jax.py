"""Target `jax`: a function with the analytic gradient as its derivative rule."""

from __future__ import annotations

from symloss.export.code import Code, module
from symloss.export.frameworks import JAX
from symloss.export.header import docstring, title
from symloss.export.parameters import NO_SIGMOID, domain_sentences, label_test, refusal
from symloss.loss import Loss

_INSIDE = '''def _inside(yhat):
    """Probabilities in (0, 1): of 0 and 1, the nearest number inside."""
    limits = jnp.finfo(yhat.dtype)
    return jnp.clip(yhat, limits.tiny, 1 - limits.eps / 2)


@jax.custom_jvp
def _probability(score):
    """The sigmoid of a score, inside of (0, 1)."""
    return _inside(jax.nn.sigmoid(score))


@_probability.defjvp
def _probability_jvp(primals, tangents):
    yhat = _probability(*primals)
    return yhat, yhat * (1 - yhat) * tangents[0]'''


def source(loss: Loss) -> str:
    """Return the loss as a JAX module."""
    code = Code(loss, JAX)
    prelude = ["yhat = _inside(yhat)"] if code.is_probability else []
    parameters = f"yhat, y{code.eps_argument}"
    values = code.function(f"_values({parameters})", "The loss of each pair.", [code.jet.value], prelude)
    slopes = code.function(
        f"_slopes({parameters})", "The derivative of each loss by its yhat.", [code.jet.slope], prelude
    )
    remark = (
        "loss(yhat, y).mean() is the training loss. Works under jit, vmap and grad; the derivative by yhat is "
        "analytic, those by y and eps count as 0. Values outside of the loss's domain are refused where they are "
        "known: not under jit, grad or vmap. A slope of exactly 0 stays 0 beside an infinite factor, and a tie of "
        "max or min has the mean of both slopes."
    )
    top = docstring(f"{title(loss)}: a training loss for JAX", loss, (remark,))
    eps = "\n    eps = jnp.asarray(eps, yhat.dtype)" if loss.has_eps else ""
    # A check of the value would not work on a traced eps.
    check = ""
    if loss.has_eps:
        first, second = code.check_eps().splitlines()
        check = f"\n    if isinstance(eps, (int, float)) and {first.removeprefix('if ')}\n    {second}"
    rule = """@_values.defjvp
def _values_jvp(primals, tangents):
    return _values(*primals), _slopes(*primals) * tangents[0]"""
    sentences = domain_sentences(loss)
    outside = f"""
    if validate and not any(isinstance(part, jax.core.Tracer) for part in (yhat, y)):
        if not bool(jnp.all({label_test(loss, "jnp")})):
{refusal(sentences.label, 12)}"""
    if code.is_probability:
        outside += f"""
        if not from_logits and not bool(jnp.all((yhat >= 0) & (yhat <= 1))):
{refusal(sentences.prediction, 12)}
    yhat = _probability(yhat) if from_logits else yhat"""
    else:
        outside = (
            f"""
    if from_logits:
{refusal(NO_SIGMOID, 8)}"""
            + outside
        )
    options = "from_logits=False, weight=None, validate=True"
    function = f'''def loss(yhat, y{code.eps_parameter}, {options}):
    """The loss of each pair of prediction yhat and label y, times its weight."""{check}
    yhat = jnp.asarray(yhat)
    yhat = yhat.astype(jnp.result_type(yhat, float))
    yhat, y = jnp.broadcast_arrays(yhat, jnp.asarray(y).astype(yhat.dtype)){outside}{eps}
    values = _values({parameters})
    return values if weight is None else values * jnp.asarray(weight, yhat.dtype)'''
    parts = [
        f"{top}\n\nimport jax\nimport jax.numpy as jnp",
        _INSIDE if code.is_probability else "",
        *code.helper_functions(),
        f"@jax.custom_jvp\n{values}",
        slopes,
        rule,
        function,
    ]
    return module(parts)
