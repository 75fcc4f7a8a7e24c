"""The expressions of the dashboard and of the alerts, and the metrics that they name.

There is no parser of PromQL among our packages. So expressions are cut into tokens, which shows
what is no PromQL at all, and what is left once functions, operators, labels and texts are known is
the name of a metric.
"""

import json
import re
from pathlib import Path
from typing import Any, Final

import yaml

_FUNCTIONS: Final = frozenset(
    [
        "abs",
        "absent",
        "absent_over_time",
        "avg",
        "avg_over_time",
        "ceil",
        "changes",
        "clamp_max",
        "clamp_min",
        "count",
        "count_over_time",
        "delta",
        "deriv",
        "floor",
        "histogram_quantile",
        "increase",
        "irate",
        "label_join",
        "label_replace",
        "last_over_time",
        "ln",
        "log10",
        "log2",
        "max",
        "max_over_time",
        "min",
        "min_over_time",
        "quantile",
        "rate",
        "round",
        "scalar",
        "sort",
        "sort_desc",
        "sum",
        "sum_over_time",
        "time",
        "timestamp",
        "topk",
        "bottomk",
        "vector",
        "stddev",
        "group",
    ]
)
_WORDS: Final = frozenset(
    [
        "by",
        "without",
        "on",
        "ignoring",
        "group_left",
        "group_right",
        "and",
        "or",
        "unless",
        "offset",
        "bool",
    ]
)
_GROUPINGS: Final = frozenset(["by", "without", "on", "ignoring", "group_left", "group_right"])
_TOKEN: Final = re.compile(
    r"""
    (?P<text>"(?:[^"\\]|\\.)*")
  | (?P<span>\[[0-9]+[smhdw](?::[0-9smhdw]*)?\]|\[\$__rate_interval\])
  | (?P<duration>[0-9]+(?:ms|[smhdwy])(?![a-z]))
  | (?P<number>[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?)
  | (?P<variable>\$[a-z_]+)
  | (?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)
  | (?P<operator>==|!=|>=|<=|=~|!~|[-+*/%^<>=])
  | (?P<bracket>[(){},])
  | (?P<space>\s+)
    """,
    re.VERBOSE,
)
_PAIRS: Final = {")": "(", "}": "{"}


def tokens(expression: str) -> list[tuple[str, str]]:
    """The kinds and the texts of an expression's tokens.

    Raises:
        ValueError: it is no PromQL.
    """
    found: list[tuple[str, str]] = []
    position, open_ = 0, ""
    while position < len(expression):
        match = _TOKEN.match(expression, position)
        if match is None:
            raise ValueError(f"no PromQL from {expression[position:]!r} on")
        position = match.end()
        kind, text = str(match.lastgroup), match.group()
        if kind == "space":
            continue
        if text in _PAIRS.values():
            open_ += text
        elif text in _PAIRS:
            if not open_.endswith(_PAIRS[text]):
                raise ValueError(f"{text!r} closes nothing in {expression!r}")
            open_ = open_[:-1]
        found.append((kind, text))
    if open_ or not found:
        raise ValueError(f"{expression!r} does not end")
    return found


def metric_names(expressions: list[str]) -> set[str]:
    """The metrics that expressions name.

    Raises:
        ValueError: one of them is no PromQL, or calls a function that there is not.
    """
    return {name for expression in expressions for name in _metrics(tokens(expression))}


def _metrics(found: list[tuple[str, str]]) -> set[str]:
    names: set[str] = set()
    labels = ""  # the bracket that ends a list of labels
    after_grouping = False
    for index, (kind, text) in enumerate(found):
        following = found[index + 1][1] if index + 1 < len(found) else ""
        if labels:
            labels = "" if text == labels else labels
        elif text == "{":
            labels = "}"
        elif text == "(" and after_grouping:
            labels = ")"
        elif kind == "name" and text not in _WORDS:
            if following == "(" or (text in _FUNCTIONS and following in _GROUPINGS):
                if text not in _FUNCTIONS:
                    raise ValueError(f"there is no function {text}")
            else:
                names.add(text)
        after_grouping = text in _GROUPINGS
    return names


def dashboard(deploy: Path) -> dict[str, Any]:
    """The dashboard for Grafana."""
    text = (deploy / "grafana" / "hosted-numbers.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def panels(deploy: Path) -> list[dict[str, Any]]:
    """The panels of the dashboard that show something."""
    return [each for each in dashboard(deploy)["panels"] if each["type"] != "row"]


def panel_expressions(deploy: Path) -> list[str]:
    """What the panels ask."""
    return [target["expr"] for panel in panels(deploy) for target in panel["targets"]]


def alerts(deploy: Path) -> list[dict[str, Any]]:
    """The rules of Prometheus' alerts."""
    text = (deploy / "prometheus" / "alerts.yml").read_text(encoding="utf-8")
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def alert_expressions(deploy: Path) -> list[str]:
    """What the alerts ask."""
    return [rule["expr"] for rule in alerts(deploy)]
