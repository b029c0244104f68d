"""The parts that both sides of the orchestrator share: its requests and its activities."""

from orchestrator.endings import Endings
from orchestrator.records import TripRecords
from orchestrator.sidecar import Sidecar, SidecarSettings

sidecar = Sidecar(SidecarSettings())
records = TripRecords(sidecar)
endings = Endings()
