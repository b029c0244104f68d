"""The parts that both sides of the orchestrator share: its requests and its activities."""

from base.sidecar import Sidecar, SidecarSettings
from base.state import StateStore
from orchestrator.endings import Endings
from orchestrator.participants import Participants, ParticipantsSettings
from orchestrator.records import TripRecords

sidecar = Sidecar(SidecarSettings())
services = Participants(sidecar, ParticipantsSettings())
records = TripRecords(StateStore(sidecar, "trip-store"))
endings = Endings()
