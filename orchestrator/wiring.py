"""The parts that both sides of the orchestrator share: its requests and its activities."""

from orchestrator.endings import Endings
from orchestrator.participants import Participants, ParticipantsSettings
from orchestrator.records import TripRecords
from orchestrator.sidecar import Sidecar, SidecarSettings

sidecar = Sidecar(SidecarSettings())
services = Participants(sidecar, ParticipantsSettings())
records = TripRecords(sidecar)
endings = Endings()
