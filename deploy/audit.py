"""Compare what is pinned with the known vulnerabilities: ``make audit``.

The advisories are OSV's. An index of packages tells of them too, but a mirror of one often leaves
them out, and would then find nothing and say that all is well. Where OSV cannot be reached this
says so loudly, and fails nothing: a build that has no way out must not depend on one.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parent.parent
LOCKS: Final = ("requirements.lock", "requirements-dev.lock")
COMMAND: Final = (
    str(Path(sys.executable).parent / "pip-audit"),
    "--vulnerability-service=osv",
    "--require-hashes",
    "--disable-pip",
    "--format=json",
    "--progress-spinner=off",
    "--timeout=15",
)
_NO_WAY_OUT: Final = ("ConnectionError", "ConnectTimeout", "ReadTimeout", "ProxyError", "SSLError")
"""What the HTTP client's errors are called where the source cannot be reached."""


def audit(lock: Path, command: Sequence[str] = COMMAND) -> int:
    """Look one lock's packages up, and print what is known of them.

    Args:
        lock: requirements with hashes.
        command: pip-audit with its options.

    Returns:
        0 where nothing is known, or where nobody could be asked; 1 for a vulnerability; 2 where
        the look-up itself failed.
    """
    ended = subprocess.run(
        [*command, f"--requirement={lock}"], capture_output=True, text=True, check=False
    )
    try:
        found: list[dict[str, Any]] = json.loads(ended.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return _not_asked(lock, ended.stderr)
    known = [(each, one) for each in found for one in each.get("vulns", [])]
    for package, advisory in known:
        fixed = ", ".join(advisory.get("fix_versions", [])) or "none yet"
        print(f"{package['name']} {package['version']}: {advisory['id']}, mended in {fixed}")
    print(f"{lock.name}: {len(found)} packages, {len(known)} known vulnerabilities")
    return 1 if known else 0


def _not_asked(lock: Path, said: str) -> int:
    last = said.strip().splitlines()[-1] if said.strip() else "pip-audit said nothing"
    if any(each in last for each in _NO_WAY_OUT):
        print(
            f"\n!!! {lock.name} was NOT AUDITED: OSV cannot be reached from here.", file=sys.stderr
        )
        print("!!! Run make audit where it can, before a release.\n", file=sys.stderr)
        return 0
    print(f"{lock.name} could not be audited: {last}", file=sys.stderr)
    return 2


def main() -> int:
    """Audit both locks; the worst of what came of it."""
    return max(audit(ROOT / name) for name in LOCKS)


if __name__ == "__main__":
    sys.exit(main())
