"""The models that there are; each system has a module of its own."""

from __future__ import annotations

from sim.calibration.real.etcd import ETCD
from sim.calibration.real.model import Model
from sim.calibration.real.row_lease import ROW_LEASE
from sim.calibration.real.zookeeper import ZOOKEEPER

MODELS: tuple[Model, ...] = (*ETCD, *ROW_LEASE, *ZOOKEEPER)
