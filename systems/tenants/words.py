"""How the two sagas of tenants speak to people, and a tenant that works as it stands."""

import json
from pathlib import Path
from typing import Any

from sagas import Words

_SAMPLE = (Path(__file__).parent / "sample.json").read_text()
EXAMPLE: dict[str, Any] = json.loads(_SAMPLE.replace("{stamp}", "corp"))

_SHARED = {
    "belongs_to_another": "something of that name exists and belongs to another",
    "unknown_tenant": "there is no such tenant",
}

WORDS = Words(
    begin="set up",
    begun="set up",
    owner="owner",
    requests="tenants",
    reasons=_SHARED
    | {
        "slug_taken": "the slug is another tenant's",
        "slug_resting": "the slug was another tenant's until lately",
        "not_usable": "the tenant's own credentials did not work",
        "not_isolated": "another tenant's credentials were let in",
        "undone": "it was called off before",
    },
)

REMOVAL_WORDS = Words(
    begin="remove",
    begun="asked for",
    owner="operator",
    requests="removals",
    reasons=_SHARED
    | {
        "not_active": "the tenant is not in use",
        "removal_in_progress": "it is being removed already",
    },
)
