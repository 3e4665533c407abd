"""Target `torch`: a module file that needs torch alone, with the analytic gradient as its backward."""

from __future__ import annotations

import textwrap

from symloss.export.code import Code, module
from symloss.export.frameworks import TORCH
from symloss.export.header import class_name, docstring, title
from symloss.export.parameters import NO_SIGMOID, domain_sentences, label_test, refusal
from symloss.export.writer import number_text
from symloss.loss import Loss

_INSIDE = '''def _inside(yhat, from_logits):
    """Probabilities in (0, 1): of 0 and 1, the nearest number inside."""
    limits = torch.finfo(yhat.dtype)
    yhat = torch.sigmoid(yhat) if from_logits else yhat
    return torch.clamp(yhat, limits.tiny, 1 - limits.eps / 2)'''


def source(loss: Loss) -> str:
    """Return the loss as a PyTorch module file."""
    code = Code(loss, TORCH)
    prelude = ["eps = yhat.new_tensor(eps)"] if loss.has_eps else []
    values = code.function(
        f"_values(yhat, y{code.eps_argument})", "The loss of each pair.", [code.jet.value], prelude
    )
    slopes = code.function(
        f"_slopes(yhat, y{code.eps_argument})",
        "The derivative of each loss by its yhat.",
        [code.jet.slope],
        prelude,
    )
    name = class_name(loss)
    remark = (
        f"criterion = {name}() stands where torch.nn.BCELoss() would: criterion(yhat, y). Gradients flow to yhat; "
        "y and eps get none. A slope of exactly 0 stays 0 beside an infinite factor, and a tie of max or min has "
        "the mean of both slopes. A second derivative is the one that autograd takes of the slopes."
    )
    top = docstring(f"{title(loss)}: a training loss for PyTorch", loss, (remark,))
    parts = [
        f"{top}\n\nimport torch",
        _INSIDE if code.is_probability else "",
        _refusal(code),
        *code.helper_functions(),
        values,
        slopes,
        _function(code),
        _module(code, name),
    ]
    return module(parts)


def _refusal(code: Code) -> str:
    """Return the function that refuses what lies outside of the domain, as torch.nn.BCELoss does."""
    sentences = domain_sentences(code.loss)
    both = f"good = {label_test(code.loss, 'torch')}"
    prediction = ""
    if code.is_probability:
        both += """
    if not from_logits:
        good = good & (yhat >= 0) & (yhat <= 1)"""
        prediction = f"""
    if not from_logits and not bool(((yhat >= 0) & (yhat <= 1)).all()):
{refusal(sentences.prediction, 8)}"""
    parameters = "yhat, y, from_logits" if code.is_probability else "yhat, y"
    return f'''def _refuse_outside({parameters}):
    """Raise where yhat or y lies outside of the domain, with one look at the values.

    On a GPU that waits for the device. Compiled or vectorised code is not looked at.
    """
    if torch.compiler.is_compiling():
        return
    if yhat.is_cuda and torch.cuda.is_current_stream_capturing():
        return
    {both}
    try:
        if bool(good.all()):
            return
    except RuntimeError:
        # Inside of vmap there are no values to look at.
        return{prediction}
{refusal(sentences.label, 4)}'''


def _function(code: Code) -> str:
    inputs = "yhat, y" + code.eps_argument + (", from_logits" if code.is_probability else "")
    keep, take = [], []
    for name in inputs.split(", ")[2:]:
        keep.append(f"        ctx.{name} = {name}")
        take.append(f"ctx.{name}")
    if code.is_probability:
        forward = f"return _values(_inside(yhat, from_logits), y{code.eps_argument})"
        backward = [
            "yhat = _inside(yhat, ctx.from_logits)",
            f"slopes = _slopes(yhat, y{', ctx.eps' if code.loss.has_eps else ''})",
            "if ctx.from_logits:",
            "    slopes = slopes * (yhat * (1 - yhat))",
        ]
    else:
        forward = f"return _values(yhat, y{code.eps_argument})"
        backward = [f"slopes = _slopes(yhat, y{', ctx.eps' if code.loss.has_eps else ''})"]
    nothing = ", None" * (len(take) + 1)
    body = textwrap.indent("\n".join(backward), " " * 8)
    kept = "".join(line + "\n" for line in keep)
    return f'''class _Loss(torch.autograd.Function):
    """The loss of each pair, with its derivative by yhat."""

    generate_vmap_rule = True

    @staticmethod
    def forward({inputs}):
        {forward}

    @staticmethod
    def setup_context(ctx, inputs, output):
        {inputs} = inputs
        ctx.save_for_backward(yhat, y)
{kept}
    @staticmethod
    def backward(ctx, grad_output):
        yhat, y = ctx.saved_tensors
{body}
        return grad_output * slopes{nothing}'''


def _module(code: Code, name: str) -> str:
    eps = f", eps={number_text(code.loss.eps_value)}" if code.loss.has_eps else ""
    rows = ['reduction: "mean", "sum" or "none" ; the mean divides by the number of rows.']
    if code.loss.has_eps:
        rows.append(f"eps: smoothing, in [{number_text(code.lowest_eps)}, 1000].")
    if code.is_probability:
        rows.append("from_logits: whether yhat is a raw score that the sigmoid is yet to be taken of.")
    else:
        rows.append("from_logits: for losses of a probability only; this one takes yhat as it is.")
    rows.append("weight: of each row, for every call that gives no other.")
    rows.append("validate: refuse values outside of the loss's domain; False looks at nothing.")
    arguments = textwrap.indent("\n".join(rows), " " * 8)
    keep = ["super().__init__()", 'if reduction not in ("mean", "sum", "none"):']
    keep += [
        "    raise ValueError(",
        "        f\"reduction is {reduction!r}; it must be 'mean', 'sum' or 'none'\"",
        "    )",
    ]
    if code.loss.has_eps:
        keep += [*code.check_eps().splitlines(), "self.eps = float(eps)"]
    keep.append("self.reduction = reduction")
    if code.is_probability:
        keep.append("self.from_logits = from_logits")
    else:
        keep += ["if from_logits:", *refusal(NO_SIGMOID, 4, 8).splitlines()]
    keep += ["self.validate = validate", 'self.register_buffer("weight", weight, persistent=False)']
    own = (", self.eps" if code.loss.has_eps else "") + (", self.from_logits" if code.is_probability else "")
    logits = ", self.from_logits" if code.is_probability else ""
    options = ["reduction"] + ["eps"] * code.loss.has_eps + ["from_logits"] * code.is_probability
    if len(options) == 1:
        show = '        return f"reduction={self.reduction}"'
    else:
        show = f"        names = ({', '.join(map(repr, options))})".replace("'", '"')
        show += '\n        return ", ".join(f"{name}={getattr(self, name)}" for name in names)'
    return f'''class {name}(torch.nn.Module):
    """criterion(yhat, y, weight=None) of predictions and labels of one shape.

    Args:
{arguments}
    """

    def __init__(
        self,
        reduction="mean",{f"{chr(10)}        {eps.removeprefix(', ')}," if eps else ""}
        from_logits=False,
        weight=None,
        validate=True,
    ):
{textwrap.indent(chr(10).join(keep), " " * 8)}

    def forward(self, yhat, y, weight=None):
        if yhat.shape != y.shape:
            shapes = f"yhat has shape {{tuple(yhat.shape)}} and y {{tuple(y.shape)}}"
            raise ValueError(f"{{shapes}}; they must be equal")
        if not yhat.is_floating_point():
            raise TypeError(f"yhat is {{yhat.dtype}}; predictions must be floating point")
        if self.validate:
            _refuse_outside(yhat.detach(), y.detach(){logits})
        values = _Loss.apply(yhat, y.to(yhat.dtype){own})
        weight = self.weight if weight is None else weight
        if weight is not None:
            values = values * weight.to(yhat).expand_as(yhat)
        if self.reduction == "none":
            return values
        return values.mean() if self.reduction == "mean" else values.sum()

    def extra_repr(self):
{show}'''
