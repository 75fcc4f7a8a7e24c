"""The dashboard, the alerts and their runbook fit together, and name what there is."""

import re
from pathlib import Path

import pytest
import typer.main
import yaml
from typer import core

from hosted_numbers.cli.application import application
from hosted_numbers.telemetry.keys import KEYS
from tests import promql

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
RUNBOOK = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
TELEMETRY = (ROOT / "docs" / "telemetry.md").read_text(encoding="utf-8")


def headings() -> list[str]:
    """The entries of the runbook."""
    return re.findall(r"^### (\w+)$", RUNBOOK, re.MULTILINE)


def test_each_alert_has_its_entry_and_each_entry_its_alert() -> None:
    """In the same order, so that the one is found from the other."""
    names = [rule["alert"] for rule in promql.alerts(DEPLOY)]
    assert names == headings()
    assert len(set(names)) == len(names)
    for rule in promql.alerts(DEPLOY):
        assert rule["annotations"]["runbook_url"] == f"docs/alerts.md#{rule['alert'].lower()}"


def test_each_alert_says_what_it_is() -> None:
    """How bad, in one line, with the figure; and it waits before it calls."""
    for rule in promql.alerts(DEPLOY):
        assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}, rule["alert"]
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert re.fullmatch(r"\d+[smh]", rule["for"])
        assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
        assert not rule["annotations"]["summary"].endswith(".")


def test_each_entry_says_what_it_means_how_to_look_and_what_to_do() -> None:
    """Somebody reads it at night."""
    for entry in RUNBOOK.split("\n### ")[1:]:
        for part in ("**It means**", "**Look**", "**Do**"):
            assert part in entry, entry.splitlines()[0]


def test_the_runbook_s_commands_exist() -> None:
    """And so do their options."""
    group = typer.main.get_command(application)
    assert isinstance(group, core.TyperGroup)
    asked = re.findall(
        r"hosted-numbers ([a-z][^`\n]*)", RUNBOOK.replace("order\nshow", "order show")
    )
    assert len(asked) > 10
    for line in asked:
        words = line.split("#")[0].split()
        command = group.commands[words[0]]
        if isinstance(command, core.TyperGroup):
            command = command.commands[words[1]]
        options = {option for each in command.params for option in each.opts}
        assert {word for word in words if word.startswith("--")} <= options, line


def test_every_expression_is_promql() -> None:
    """As far as its tokens, its brackets and its functions tell."""
    expressions = promql.panel_expressions(DEPLOY) + promql.alert_expressions(DEPLOY)
    assert len(expressions) > 50
    assert all(promql.metric_names([expression]) for expression in expressions)


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ('sum by (a) (rate(x_total{b=~"c|d"}[5m])) / y > 0.5', {"x_total", "y"}),
        ("time() - min(x) > 4 * 3600 or absent(y)", {"x", "y"}),
        ("histogram_quantile(0.99, sum by (a, le) (rate(x_bucket[5m])))", {"x_bucket"}),
        ("max without (instance) (x) and on (a) y", {"x", "y"}),
        ("sum(x) by (a)", {"x"}),
    ],
)
def test_metrics_are_told_from_the_rest(expression: str, names: set[str]) -> None:
    """Labels, functions and words of the language are no metrics."""
    assert promql.metric_names([expression]) == names


@pytest.mark.parametrize(
    "expression", ["", "sum(x", "x)", "sum(x}", "x ; y", "rates(x[5m])", "x['a']"]
)
def test_what_is_no_promql_is_found(expression: str) -> None:
    """So that a typing error does not wait for Prometheus."""
    with pytest.raises(ValueError, match=r"PromQL|does not end|closes nothing|no function"):
        promql.metric_names([expression])


def test_the_dashboard_can_be_imported_anywhere() -> None:
    """Its source of data is a variable; its panels have ids of their own and do not overlap."""
    found = promql.dashboard(DEPLOY)
    [variable] = found["templating"]["list"]
    assert (variable["name"], variable["type"]) == ("datasource", "datasource")
    panels = promql.panels(DEPLOY)
    assert len({panel["id"] for panel in found["panels"]}) == len(found["panels"])
    for panel in panels:
        assert panel["datasource"]["uid"] == "${datasource}"
        assert all(each["datasource"]["uid"] == "${datasource}" for each in panel["targets"])
        assert panel["title"]
        assert panel["description"].endswith(".")
    cells = [
        (x, y)
        for panel in found["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


def test_panels_that_the_runbook_names_are_on_the_dashboard() -> None:
    """It says *Panel* in italics, behind the word."""
    titles = " | ".join(panel["title"] for panel in promql.panels(DEPLOY))
    named = re.findall(r"panels? \*([^*]+)\*(?: and \*([^*]+)\*)?", RUNBOOK.replace("\n", " "))
    assert named
    for title in {each for pair in named for each in pair if each}:
        assert title in titles, title


def test_prometheus_and_grafana_find_their_files() -> None:
    """The names in the configuration are those of the files, and of the services in compose."""
    prometheus = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text("utf-8"))
    for name in prometheus["rule_files"]:
        assert (DEPLOY / "prometheus" / name).is_file()
    ports = {
        job["job_name"]: (found["names"], found["port"])
        for job in prometheus["scrape_configs"]
        for found in job["dns_sd_configs"]
    }
    assert ports == {
        "hosted-numbers-worker": (["worker"], 9464),
        "hosted-numbers-gateway": (["gateway"], 9465),
    }
    provisioning = DEPLOY / "grafana" / "provisioning"
    source = yaml.safe_load((provisioning / "datasources/prometheus.yml").read_text("utf-8"))
    assert source["datasources"][0]["type"] == "prometheus"
    folder = yaml.safe_load((provisioning / "dashboards/hosted-numbers.yml").read_text("utf-8"))
    assert folder["providers"][0]["options"]["path"]


@pytest.mark.security("S22")
def test_every_key_of_the_log_is_explained() -> None:
    """And none that there is not."""
    table = TELEMETRY.split("| key | holds |")[1].split("\n\n")[0]
    told = [
        key for row in table.splitlines()[2:] for key in re.findall(r"`(\w+)`", row.split("|")[1])
    ]
    assert sorted(told) == sorted(KEYS)


def test_every_metric_that_is_asked_for_is_explained() -> None:
    """Ours, on the page about telemetry."""
    asked = promql.metric_names(promql.panel_expressions(DEPLOY) + promql.alert_expressions(DEPLOY))
    told = TELEMETRY.replace("`…_", "`hosted_numbers_")
    for name in asked:
        if name.startswith("hosted_numbers_"):
            assert name.removesuffix("_bucket") in told, name
