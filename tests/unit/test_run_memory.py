"""A world goes when its run is over: campaigns are hundreds of thousands of runs in one process."""

from __future__ import annotations

import gc

from sim.cluster import Cluster
from sim.run import run


def worlds() -> int:
    """Return how many worlds there are in memory, without collecting any."""
    gc.unfreeze()
    return sum(isinstance(each, Cluster) for each in gc.get_objects())


def test_nothing_is_left_of_a_world_but_its_result() -> None:
    """Not even as garbage: one big cycle, which the collector would hardly ever look at."""
    before = worlds()
    results = [run("trials/leader-crash-stop", seed=seed) for seed in range(5)]

    assert worlds() == before
    assert all(result.records for result in results)
