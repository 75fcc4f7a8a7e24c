"""What the product is built from: named, pinned, looked up; and no secret beside it."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from deploy import audit
from tests.deploy.kit import ROOT
from tests.world import BINARIES

pytestmark = pytest.mark.security("S27")


def makes(word: str) -> str:
    """The commands of a word of the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    found = re.search(rf"^{word}:[^\n]*\n((?:\t[^\n]*\n)+)", makefile, re.MULTILINE)
    assert found
    return found[1].replace("\\\n\t\t", "")


def test_the_bill_of_materials_is_valid_and_whole(tmp_path: Path) -> None:
    """Every package of the lock, by name, version and hash; the same each time it is made."""
    command = makes("sbom").split()
    assert "requirements.lock" in command
    options = [word for word in command[2:] if word.startswith(("--of", "--output-rep", "--sv"))]
    written = [tmp_path / "one.json", tmp_path / "two.json"]
    for path in written:
        subprocess.run(
            [
                BINARIES / "cyclonedx-py", "requirements", *options,
                "--pyproject", ROOT / "pyproject.toml", "-o", path, ROOT / "requirements.lock",
            ],
            check=True,
            capture_output=True,
        )  # fmt: skip
    text = written[0].read_text(encoding="utf-8")
    assert text == written[1].read_text(encoding="utf-8")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill = json.loads(text)
    assert bill["metadata"]["component"]["name"] == "hosted-numbers"
    listed = {each["name"] for each in bill["components"]}
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert listed == set(re.findall(r"^([a-z0-9][\w.-]*)(?:\[[\w,-]+\])?==", lock, re.MULTILINE))
    assert "temporalio" in listed


@pytest.mark.parametrize("name", audit.LOCKS)
def test_everything_is_pinned_by_its_hash(name: str) -> None:
    """And no address of an index is in it, nor an option that would add one."""
    lock = (ROOT / name).read_text(encoding="utf-8")
    pinned = re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE)[1:]
    assert len(pinned) > 40
    for each in pinned:
        assert re.match(r"[\w.\[\],-]+==\S+", each)
        assert "--hash=sha256:" in each
    assert not re.search(r"^-|https?://", lock, re.MULTILINE)


def fake(tmp_path: Path, *, out: str = "", err: str = "") -> list[str]:
    """A pip-audit that says this."""
    script = tmp_path / "pip_audit.py"
    script.write_text(
        f"import sys\nsys.stdout.write({out!r})\nsys.stderr.write({err!r})\nsys.exit(1)\n"
    )
    return [sys.executable, str(script)]


WELL = {"name": "fine", "version": "1.0", "vulns": []}
BROKEN = {
    "name": "broken",
    "version": "2.0",
    "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["2.1"]}],
}


def test_a_known_vulnerability_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the version that mends it."""
    told = json.dumps({"dependencies": [WELL, BROKEN]})
    assert audit.audit(tmp_path / "a.lock", fake(tmp_path, out=told)) == 1
    said = capsys.readouterr().out
    assert "broken 2.0: PYSEC-2026-1, mended in 2.1" in said
    assert "a.lock: 2 packages, 1 known vulnerabilities" in said


def test_nothing_known_is_well(tmp_path: Path) -> None:
    """Whatever the exit code, the report counts."""
    told = json.dumps({"dependencies": [WELL]})
    assert audit.audit(tmp_path / "a.lock", fake(tmp_path, out=told)) == 0


def test_without_a_way_out_it_is_skipped_loudly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The build goes on, and whoever reads it knows."""
    err = "Traceback\nrequests.exceptions.ConnectionError: HTTPSConnectionPool(host='x')\n"
    assert audit.audit(tmp_path / "a.lock", fake(tmp_path, err=err)) == 0
    assert "a.lock was NOT AUDITED" in capsys.readouterr().err


@pytest.mark.parametrize(
    "err", ["ERROR: requirement has no hash\n", ""], ids=["said why", "silent"]
)
def test_a_look_up_that_fails_otherwise_is_no_skip(tmp_path: Path, err: str) -> None:
    """A lock that cannot be read must not pass for one that was not looked at."""
    assert audit.audit(tmp_path / "a.lock", fake(tmp_path, err=err)) == 2
    assert audit.audit(tmp_path / "a.lock", fake(tmp_path, out="[]", err=err)) == 2


def test_each_lock_is_audited(monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs the tests and builds the wheel, too; the worst counts."""
    seen = []

    def noted(lock: Path) -> int:
        seen.append(lock.name)
        return len(seen) - 1

    monkeypatch.setattr(audit, "audit", noted)
    assert audit.main() == 1
    assert seen == list(audit.LOCKS)


@pytest.mark.security("S18")
def test_a_secret_that_is_new_is_found(tmp_path: Path) -> None:
    """By the scan that ``make checks`` runs, with the list of what is known to be none."""
    baseline = ROOT / ".secrets.baseline"
    assert "detect-secrets-hook --baseline .secrets.baseline" in makes("checks")
    text = baseline.read_text(encoding="utf-8")
    assert str(Path.home()) not in text
    assert not re.search(r'"(/|[A-Z]:\\)', text)
    leaked = tmp_path / "settings.py"
    leaked.write_text('key = "SK' + "0123456789abcdef" * 2 + '"\n')
    command = [str(BINARIES / "detect-secrets-hook"), "--baseline", str(baseline), str(leaked)]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert "Twilio API Key" in found.stdout


def test_ci_runs_the_checks() -> None:
    """And the cool-down of new versions is in the word that pins them."""
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "step make checks\n" in ci
    assert "step make audit\n" in ci
    assert makes("lock").count("--exclude-newer") == 2
    assert "bandit" in makes("checks")
