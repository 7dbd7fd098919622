"""The main program of crashproof's own child processes: it runs the module that its first argument names.

Run by its path, with ``-P``: what lies in the current folder, a ``json.py`` for example, is not imported. The folder of
crashproof comes last on the import path, for where it is not installed.
"""

import importlib
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).parents[2]))
    importlib.import_module(sys.argv[1]).main()
