"""What a process loads when it starts, and what it leaves as it was."""

import subprocess
import sys

import pytest

from deploy.local import ROOT

ORDERS = "hosted_numbers.validation"
WORKER = "temporalio.worker"


def told_by(program: str) -> str:
    """What a fresh process prints."""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("starts", "unneeded"),
    [
        ("worker", ORDERS),
        ("hosted_numbers.cli.process_actions, hosted_numbers.simulator.server", ORDERS),
        ("hosted_numbers.temporal, hosted_numbers.orders", WORKER),
    ],
)
def test_start_leaves_out_what_takes_long_to_load(starts: str, unneeded: str) -> None:
    """The models of orders that come in, where none do; workers, where none work."""
    assert told_by(f"import sys, {starts}; print('{unneeded}' in sys.modules)") == "False"


def test_worker_collects_garbage_as_usual() -> None:
    """Workflows that left its cache are let go in time: 15 MB at 5,000 orders, and not 90."""
    program = "import gc; usual = gc.get_threshold(); import worker\n"
    program += "print(gc.isenabled() and gc.get_threshold() == usual)"
    assert told_by(program) == "True"
