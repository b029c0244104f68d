"""A toolkit for sagas on Dapr: all that a system of one's own needs to import."""

from sagas.core.calls import Refused
from sagas.core.kind import Kind, Show
from sagas.core.listening import Ear
from sagas.core.policies import Policies, Retry
from sagas.core.progress import Progress
from sagas.core.saga import Saga
from sagas.core.signals import Signal
from sagas.core.steps import Done, Shown, Step
from sagas.core.turns import Durable
from sagas.core.words import Words
from sagas.web.app import create_orchestrator
from sagas.web.console.pages import Console

__all__ = [
    "Console",
    "Done",
    "Durable",
    "Ear",
    "Kind",
    "Policies",
    "Progress",
    "Refused",
    "Retry",
    "Saga",
    "Show",
    "Shown",
    "Signal",
    "Step",
    "Words",
    "create_orchestrator",
]
