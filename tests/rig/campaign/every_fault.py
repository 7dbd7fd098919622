"""The reference agent under every fault there is: the widest sweep of it, made beside the planted bugs."""

import runpy
from dataclasses import replace

from tests import ROOT

FILE = ROOT / "scenarios" / "research.py"

worker_dies = runpy.run_path(str(FILE))["worker_dies"]
every_fault = replace(worker_dies, model=str(FILE.with_name(worker_dies.model)), faults=["all"])
del worker_dies
