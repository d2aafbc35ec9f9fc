"""Lease protocols with one thing wrong at a time, and the run in which each of them does harm.

The numbers are those of the list of known bugs that the project works from; each entry says what is
wrong and where the mistake was seen. A mutant is a class, or a setting that its protocol refuses
unless `unsafe` is set. Not here are L02 and L06 (check-then-act without a fence), L13 (a clock that
jumps) and L28 (a clock that stands still), which are no mistakes of a protocol and have tests of
their own; L07 (a fence by tokens without an order), which has one too; L08 (a fence in memory), which is
the resource's; and L21, which one server shows by itself (`test_lease_database_row.py`).
"""

from __future__ import annotations

from tests.unit.lease_mutant import Mutant
from tests.unit.lease_mutants_kubernetes import KUBERNETES
from tests.unit.lease_mutants_locks import LOCKS
from tests.unit.lease_mutants_machines import MACHINES
from tests.unit.lease_mutants_quorums import QUORUMS

MUTANTS: dict[str, Mutant] = {**KUBERNETES, **LOCKS, **MACHINES, **QUORUMS}
