"""What the server of worker processes imports once, so that each of them has it.

The fingerprint is taken here too: a worker forked later has this code, whatever the files are then.
"""

from __future__ import annotations

import analysis.availability
import analysis.elections
import analysis.incidents
import analysis.verdict  # noqa: F401
import sim.run
import sim.scenario
import sim.sweep.work  # noqa: F401
from sim.sweep.version import code_version

CODE = code_version()
