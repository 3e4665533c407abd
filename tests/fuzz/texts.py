"""Texts to read as formulas: noise, attacks, near misses, and formulas of every shape."""

from __future__ import annotations

import random
import string
from collections.abc import Callable

from symloss import zoo
from tests.symbolic.sampling import sampled_loss

Slot = Callable[[random.Random], str]

UNARY = ("log", "exp", "abs", "sqrt", "sign", "square", "tanh", "atan", "sigmoid", "relu", "plog", "recip",
         "psqrt", "pexp", "guard")  # fmt: skip
LEAVES = ("yhat", "yhat", "y", "y", "eps", "1", "2", "(yhat - y)", "(1 - yhat)", "(1 - y)", "0.5", "3", "0")
LOOKALIKES = {
    "y": "\u0443\u04af\u0177\U0001d466\uff59",
    "h": "\u04bb\u210e",
    "a": "\u0430\u0251\uff41",
    "t": "\u03c4\uff54",
    "-": "\u2212\u2013\u2014",
    "*": "\u2217\u00d7\u22c5",
    "(": "\uff08",
    ")": "\uff09",
    "0": "\uff10\u0660",
    "1": "\uff11\u0661",
    "2": "\u00b2\uff12",
    "+": "\uff0b",
    "e": "\u0435\u212f",
    "/": "\u2215\u00f7",
}
SPACES = "\t\n\r\v\f\x00\x1c\x85\xa0\u2003\u2028\u200b\ufeff"
CODE = (
    "__import__('os').system('id')", "open('/etc/passwd').read()", "yhat.__class__.__mro__", "(lambda: yhat)()",
    "[x for x in (yhat,)]", "yhat if y else eps", "eval(yhat)", "exec('1')", "print(yhat)", "yhat; y", "yhat := 1",
    "f'{yhat}'", "getattr(yhat, y)", "globals()", "().__class__", "yhat[0]", "{yhat: y}", "yhat or y", "not yhat",
    "yhat < y", "yhat == y", "yhat @ y", "yhat // y", "yhat % y", "yhat << 2", "~yhat", "yhat, y", "max(*yhat)",
    "max(yhat, key=y)", "await yhat", "yield yhat", "...", "None", "True*yhat", "b'yhat'", "yhat#y", "yhat\\\ny",
    "import os", "del yhat", "log(yhat)(y)", "log.log(yhat)", "yhat is y", "yhat in y", "1if yhat else 2", "self.yhat",
)  # fmt: skip
NUMBERS = (
    "1e400", "-1e400", "1e-400", "1e15", "1.0000001e15", "1e-30", "9e-31", "0x10", "0b1", "0o7", "1_000", "1__0", "1j",
    "1e", "1.e5", ".5", "5.", ".", "00", "007", "1e+5", "1E-3", "\u0663", "\u00bd", "inf", "nan",
    "1" * 41, "0." + "1" * 39,
    "123456789012345678", "1e16", "0e5", "0.0", "-0.0", "1e-16", "3.141592653589793", "2.5e-8", "64", "65", "-64",
    "0.1", "1/3", "2/4", "999999999999999", "1e014", "0.30000000000000004",
)  # fmt: skip
SPECIAL = (
    "0**y", "y**y", "0**yhat", "yhat**y", "y**yhat", "(1-y)**y", "log(0)", "log(y)", "log(-yhat)", "1/0", "1/y",
    "1/(yhat-y)", "y/y", "(yhat-yhat)", "sqrt(-1)", "sqrt(-yhat)", "sqrt(y)", "(-2)**y", "(-1)**yhat", "eps**eps",
    "eps**y", "0/eps", "log(eps)", "log(log(yhat))", "1/log(yhat)", "abs(0)", "sign(0)", "sign(yhat-y)", "max(y,y)",
    "min(yhat, y, eps)", "(yhat-y)**0.5", "(yhat-y)**-64", "yhat**64", "(yhat*(1-yhat))**-1", "sqrt((yhat-y)**2)",
    "((yhat-y)**2)**0.5", "((yhat-y)**2)**(1/3)", "sqrt(yhat**2)", "log(yhat**2)", "exp(log(yhat))", "log(exp(yhat))",
    "y*(1-y)", "(1-y)*y**y", "atan(1/yhat)", "tanh(1/yhat)", "plog(plog(yhat))", "recip(yhat-y)", "psqrt(yhat-y, eps)",
    "aq(yhat, y)", "guard(1/yhat)", "relu(yhat-y)", "plog(yhat, 2e-6)", "recip(0)", "exp(1/yhat)", "exp(-1/yhat)",
    "(1-2*y)", "(2*y-1)*yhat", "min(y, 1-y)", "max(yhat, 1-yhat)",
)  # fmt: skip
EVERYDAY = (
    "sqrt((yhat - y)**2/{a})", "sqrt({a}*(yhat - y)**2 + {b})", "((yhat - y)**2)**{b}", "abs(yhat - y)**{a}",
    "max(abs(yhat - y) - {b}, 0)", "min({a}*(yhat - y)**2, {b})", "log(1 + {a}*(yhat - y)**2)",
    "-y*{a}*log(yhat) - (1-y)*log(1-yhat)", "-y*(1-yhat)**{a}*log(yhat) - (1-y)*yhat**{a}*log(1-yhat)",
    "log(1 + exp({a}*(1-2*y)*yhat))", "max(0, {a} - (2*y-1)*yhat)", "max(0, {a} - (2*y-1)*yhat)**2",
    "{a}*(yhat-y)**2 + {b}*abs(yhat-y)", "(1 - (yhat*y + (1-yhat)*(1-y))**{b})/{b}", "tanh({a}*(yhat-y))**2",
    "y*log(y/yhat + {b}) + (1-y)*log((1-y)/(1-yhat) + {b})", "{a}*max(y-yhat, 0) + {b}*max(yhat-y, 0)",
    "sqrt({b} + (yhat-y)**2) - 1", "exp({a}*(yhat-y)**2) - 1", "(yhat-y)**2/((yhat-y)**2 + {b})",
    "atan({a}*(yhat-y)**2)", "log(exp({a}*(yhat-y)) + exp(-{a}*(yhat-y)))", "-log({b} + yhat*y + (1-yhat)*(1-y))",
    "sqrt((yhat - y)**2*yhat)", "sqrt((yhat-y)**2/eps**2)", "max((yhat+{b})/(y+{b}), (y+{b})/(yhat+{b}))",
)  # fmt: skip


def tree(rng: random.Random, depth: int) -> str:
    """A formula of the grammar."""
    if depth == 0 or rng.random() < 0.12:
        return rng.choice(LEAVES)
    kind = rng.random()
    if kind < 0.45:
        operator = rng.choice(("+", "-", "*", "*", "/"))
        return f"({tree(rng, depth - 1)} {operator} {tree(rng, depth - 1)})"
    if kind < 0.6:
        exponent = rng.choice(("2", "2", "3", "-1", "0.5", "4", "(1/3)", "-2", tree(rng, 0)))
        return f"({tree(rng, depth - 1)})**{exponent}"
    if kind < 0.7:
        inner = ", ".join(tree(rng, depth - 1) for _ in range(rng.choice((2, 2, 3))))
        return f"{rng.choice(('max', 'min'))}({inner})"
    if kind < 0.75:
        return rng.choice(
            (f"aq({tree(rng, depth - 1)}, {tree(rng, depth - 1)})", f"plog({tree(rng, depth - 1)}, eps)")
        )
    return f"{rng.choice(UNARY)}({tree(rng, depth - 1)})"


def towards(rng: random.Random, text: str) -> str:
    """Add what makes a formula depend on both, and point the right way now and then."""
    return rng.choice((
        "{}", "{} + (yhat - y)**2", "(1 - 2*y)*yhat + {}", "({})*(yhat - y)**2", "yhat + {}", "({})**2 + yhat*(1 - y)",
        "(1-2*y)*({})", "({}) - y*log(yhat)",
    )).format(text)  # fmt: skip


def noise(rng: random.Random) -> str:
    raw = bytes(rng.randrange(256) for _ in range(rng.randint(0, 60)))
    return raw.decode(rng.choice(("latin-1", "utf-8", "utf-16-le")), errors=rng.choice(("replace", "ignore")))


def surrogates(rng: random.Random) -> str:
    return formula(rng)[:30] + chr(rng.choice((0xD800, 0xDFFF, 0x10FFFF, 0xFFFE))) + rng.choice(LEAVES)


def printable(rng: random.Random) -> str:
    return "".join(rng.choice(string.printable) for _ in range(rng.randint(0, 60)))


def lookalikes(rng: random.Random) -> str:
    return "".join(
        rng.choice(LOOKALIKES[c]) if c in LOOKALIKES and rng.random() < 0.1 else c for c in formula(rng)
    )


def spaces(rng: random.Random) -> str:
    text = list(formula(rng))
    for _ in range(rng.randint(1, 5)):
        text.insert(rng.randint(0, len(text)), rng.choice(SPACES + "    "))
    return "".join(text)


def code(rng: random.Random) -> str:
    return rng.choice(("{}", "yhat + {}", "log({})", "({})**2", "max(yhat, {})")).format(rng.choice(CODE))


def nesting(rng: random.Random) -> str:
    depth = rng.choice((5, 20, 40, 58, 59, 60, 61, 62, 100, 300, 2000))
    name = rng.choice(("", *UNARY))
    kind = rng.randrange(4)
    if kind == 0:
        return f"{name}(" * depth + rng.choice(("yhat", "yhat - y")) + ")" * depth
    if kind == 1:
        return rng.choice("+-") * depth + "yhat"
    if kind == 2:
        return "(" * depth + "yhat" + rng.choice(("", " + 1)", " - y)")) * depth
    return "**".join(["yhat"] * (depth % 70 + 2))


def numbers(rng: random.Random) -> str:
    template = rng.choice(
        ("{}*yhat", "yhat**{}", "(yhat - {})**2", "yhat/{}", "{} + yhat", "log({} + yhat)", "plog(yhat, {})",
         "({}*y - yhat)**2", "max(yhat, {})", "exp({}*yhat)", "{}**yhat", "yhat*{}*{}", "yhat + {}**{}")
    )  # fmt: skip
    return template.replace("{}", "%s") % tuple(rng.choice(NUMBERS) for _ in range(template.count("{}")))


def mutation(rng: random.Random) -> str:
    """A zoo formula with some characters changed."""
    text = list(rng.choice(zoo.ENTRIES).formula)
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(len(text)) if text else 0
        kind = rng.randrange(4)
        if kind == 0 and text:
            del text[place]
        elif kind == 1:
            text.insert(place, rng.choice("+-*/()0123.,yeps "))
        elif kind == 2 and len(text) > 1:
            other = rng.randrange(len(text))
            text[place], text[other] = text[other], text[place]
        else:
            text[place : place + 1] = rng.choice(("yhat", "y", "eps", "2", "1", "+", "*"))
    return "".join(text)


EDITS = (("+ ", "- "), ("- ", "+ "), ("yhat", "(1 - yhat)"), ("y*", "2*y*"), ("log", "plog"), ("max", "min"),
         ("**2", "**3"), ("exp", "tanh"), ("1 - y", "1 + y"), ("abs", "square"), ("yhat", "square(yhat)"),
         ("1", "eps"), ("2", "0.5"), ("yhat", "(yhat + eps)"), ("**2", "**0.5"), ("yhat", "yhat**y"))  # fmt: skip


def edited(rng: random.Random) -> str:
    """A zoo formula with a word or two exchanged."""
    text = rng.choice(zoo.ENTRIES).formula
    for _ in range(rng.randint(1, 2)):
        old, new = rng.choice(EDITS)
        places = [i for i in range(len(text)) if text.startswith(old, i)]
        if places:
            at = rng.choice(places)
            text = text[:at] + new + text[at + len(old) :]
    around = ("{}", "{}", "2*({})", "{} + y**2", "({})/4 + 1", "sqrt({})", "({})**2", "log(1 + {})")
    return rng.choice(around).format(text)


def soup(rng: random.Random) -> str:
    tokens = (*UNARY, *LEAVES, "+", "-", "*", "/", "**", "(", ")", ",", "max(", "min(", "aq(", " ")
    return "".join(rng.choice(tokens) for _ in range(rng.randint(1, 25)))


def formula(rng: random.Random) -> str:
    return towards(rng, tree(rng, rng.randint(1, 4)))


def towers(rng: random.Random) -> str:
    inner = rng.choice(("yhat", "(yhat - y)**2", "yhat + 2", "-yhat", "y + yhat", "abs(yhat - y)", "yhat*y"))
    for _ in range(rng.choice((1, 2, 3, 4, 5, 8, 20, 28, 58))):
        name = rng.choice(("exp", "exp", "tanh", "sigmoid", "plog", "log", "pexp", "square", "sqrt", "abs"))
        inner = f"{name}({inner})"
    if rng.random() < 0.3:
        inner = rng.choice(("{}**yhat", "0.5**eps**({})", "eps**({})", "2**({})", "yhat**({})")).format(inner)
    return towards(rng, inner)


def special(rng: random.Random) -> str:
    parts = [rng.choice(SPECIAL) for _ in range(rng.randint(1, 3))]
    text = parts[0]
    for part in parts[1:]:
        text = f"({text}) {rng.choice('+-*/')} ({part})"
    return towards(rng, text)


def everyday(rng: random.Random) -> str:
    """What people write, with numbers of their own."""
    values = [
        rng.choice(("0.5", "2", "1.5", "0.25", "3", "0.1", "eps", "1", "4", "0.7", "10", "1e-3"))
        for _ in "ab"
    ]
    text = rng.choice(EVERYDAY).format(a=values[0], b=values[1])
    if rng.random() < 0.25:
        text = f"{text} {rng.choice('+-*')} {rng.choice(EVERYDAY).format(a=values[1], b=values[0])}"
    return text


def searched(rng: random.Random) -> str:
    """What a search would come upon."""
    return sampled_loss(rng, rng.choice((("paper",), ("extended",), ("paper", "extended"))), 0.1).formula


def long(rng: random.Random) -> str:
    term = rng.choice(("yhat", "(yhat - y)**2", "y*yhat", "log(yhat)", "abs(yhat - 0.5)", "max(y, yhat)"))
    return rng.choice("+-*/").join([term] * rng.choice((10, 50, 200, 666, 1000, 1500)))


SLOTS: dict[str, Slot] = {
    slot.__name__: slot
    for slot in (noise, surrogates, printable, lookalikes, spaces, code, nesting, numbers, mutation, edited, soup,
                 formula, towers, special, everyday, searched, long)
}  # fmt: skip
"""All slots by name; text number k comes from slot k modulo their number."""

CHECKED = ("formula", "edited", "everyday", "searched", "special", "formula", "numbers", "towers", "everyday",
           "searched", "mutation", "edited")  # fmt: skip
"""Slots of the formulas that are checked: those whose texts are mostly formulas."""


def text(number: int, seed: int) -> tuple[str, str]:
    """Return the slot and the text with this number."""
    slot = list(SLOTS)[number % len(SLOTS)]
    return slot, SLOTS[slot](random.Random(f"text {seed} {number}"))
