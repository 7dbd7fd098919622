"""The faults: what can be done to a message, a process or the server at a point. Plain data, which a trial carries out.

One file holds the faults of one kind; ``catalogue`` lists them, ``action`` says what each does.
"""

from __future__ import annotations

from harness.faults.catalogue import chosen as chosen
from harness.faults.catalogue import families as families
from harness.faults.catalogue import listed as listed
from harness.faults.catalogue import named as named
from harness.faults.fault import Fault as Fault
