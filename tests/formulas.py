"""Random formulas for property tests, as text in the grammar of symloss.parse."""

from __future__ import annotations

from hypothesis import strategies as st

_LEAVES = st.sampled_from(["yhat", "yhat", "y", "1", "2", "0.5", "eps"])


def _extend(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pair = st.tuples(children, children)
    return st.one_of(
        pair.map(lambda p: f"({p[0]} + {p[1]})"),
        pair.map(lambda p: f"({p[0]} - {p[1]})"),
        pair.map(lambda p: f"({p[0]}) * ({p[1]})"),
        pair.map(lambda p: f"({p[0]}) / (1 + ({p[1]})**2)"),
        pair.map(lambda p: f"max({p[0]}, {p[1]})"),
        pair.map(lambda p: f"min({p[0]}, {p[1]})"),
        pair.map(lambda p: f"aq({p[0]}, {p[1]})"),
        children.map(lambda c: f"-({c})"),
        children.map(lambda c: f"({c})**2"),
        children.map(lambda c: f"(1 + ({c})**2)**0.7"),
        children.map(lambda c: f"abs({c})"),
        children.map(lambda c: f"sqrt(1 + abs({c}))"),
        children.map(lambda c: f"log(0.5 + abs({c}))"),
        children.map(lambda c: f"exp(-abs({c}))"),
        children.map(lambda c: f"tanh({c})"),
        children.map(lambda c: f"atan({c})"),
        children.map(lambda c: f"sigmoid({c})"),
        children.map(lambda c: f"relu({c})"),
        children.map(lambda c: f"plog({c}, eps)"),
        children.map(lambda c: f"recip({c}, 0.1)"),
        children.map(lambda c: f"psqrt({c}, 0.01)"),
        children.map(lambda c: f"pexp({c})"),
        children.map(lambda c: f"guard({c})"),
    )


def formulas(max_leaves: int = 8) -> st.SearchStrategy[str]:
    """Formulas that are real and finite wherever yhat, y and eps are."""
    return st.recursive(_LEAVES, _extend, max_leaves=max_leaves).map(lambda text: f"yhat*0.25 + {text}")
