"""The worker of a fault run: ``worker.py`` itself, hastened."""

import runpy

from deploy.local import ROOT
from tests.chaos.haste import hasten

if __name__ == "__main__":
    hasten()
    runpy.run_path(str(ROOT / "worker.py"), run_name="__main__")
