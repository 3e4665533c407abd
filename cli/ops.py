"""`symloss ops`: the operators that searched losses are built from, and the functions of formulas."""

from __future__ import annotations

import click

from .options import json_option
from .output import print_json, standard_output, table


@click.command("ops")
@json_option
def command(as_json: bool) -> None:
    """List the operators that searched losses are built from, and the functions that formulas may use."""
    from symloss.formula.functions import all_functions
    from symloss.ops.registry import installed_names, operator_set, operators

    entries = [
        {
            "name": operator.name,
            "set": operator.group,
            "arity": operator.arity,
            "formula": operator.text,
            "definition": operator.definition,
            "singular": operator.singular,
        }
        for operator in operator_set([*operators(), *installed_names()])
    ]
    functions = [{"name": name, "definition": rule.says} for name, rule in all_functions().items()]
    if as_json:
        print_json({"operators": entries, "functions": functions, "xi": 1e-6})
        return
    console = standard_output()
    columns = ["name", "set", "arity", "formula", "definition", "singular"]
    console.print(
        table(
            "Operators of searched losses",
            columns,
            [list(entry.values()) for entry in entries],
            right=["arity"],
        )
    )
    console.print(
        "guard(a) clips a to [-1/xi, 1/xi], xi = 1e-6. Sets: --operators paper (default) or extended (all).\n"
    )
    console.print(
        table(
            "Functions of formulas, beside + - * / **",
            ["name", "definition"],
            [list(f.values()) for f in functions],
        )
    )
