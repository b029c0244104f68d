"""Seals: what a workflow has an activity do, and what it is told, comes from its own app.

Dapr 1.18's scheduler takes a reminder for any app's workflows and activities from whoever has a
certificate: a participant whose sidecar is rewritten could have the orchestrator refund, and
approve or cancel. In a secure system workflows seal what they ask for with the app's own token,
which only they and their sidecar know, and activities do nothing without the seal; and events have
names that nobody else can know. Elsewhere, where
an app shows its sidecar no token, there is no seal.
"""

import hmac
import json
from functools import cache

from base.errors import Unavailable
from base.token import TokenSettings
from sagas.core.calls import Call, Calls


def sealed(calls: list[Call]) -> Calls:
    """Return what an activity is given; at each replay of a workflow the same."""
    return Calls(calls=calls, seal=_seal(calls))


def check(calls: Calls) -> None:
    """Raises Unavailable for what no workflow of this app asked for.

    That is a fault, and not the end: the token may have been made anew since it was sealed, and
    when the workflow asks again, it seals again.
    """
    if not hmac.compare_digest(calls.seal, _seal(calls.calls)):
        raise Unavailable("The seal of what the activity is to do is not this app's.")


def known_as(event: str, workflow_id: str) -> str:
    """Return the name by which the engine knows an event of a workflow."""
    if not (key := _key()):
        return event
    return f"{event}#{hmac.new(key, f'{workflow_id} {event}'.encode(), 'sha256').hexdigest()}"


def _seal(calls: list[Call]) -> str:
    if not (key := _key()):
        return ""
    # Field by field, for another release may know more of them.
    said = [[call.step, call.id, call.body, call.last, call.by] for call in calls]
    text = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return hmac.new(key, text.encode(), "sha256").hexdigest()


@cache
def _key() -> bytes:
    known = TokenSettings()
    if not (known.app_api_token and known.dapr_api_token):
        return b""
    return hmac.digest(known.app_api_token.encode(), b"what activities are to do", "sha256")
