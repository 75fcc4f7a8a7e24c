"""What a backend service installs."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_wheel_has_one_top_level_name(tmp_path: Path) -> None:
    """The wheel brings ``hosted_numbers`` and its metadata, and no workflow code."""
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path)]
    subprocess.run([*build, str(ROOT)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"hosted_numbers"}
    assert "hosted_numbers/py.typed" in zipfile.ZipFile(wheel).namelist()
