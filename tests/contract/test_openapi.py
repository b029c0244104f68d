"""Every app against its own OpenAPI document, by a property-based tester.

Its pytest plugin does not run on pytest 9, so the cases are drawn by its strategies directly.
"""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from runtime.system import System
from tests.support.world import FLIGHT, HOTEL, NOTIFICATION, PAYMENT

# What the document allows can still be refused by a rule: an unknown airport, a declined card.
EXCLUDED: list[Any] = [positive_data_acceptance]

gently = settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("app_id", [FLIGHT, HOTEL, PAYMENT, NOTIFICATION, "trip-orchestrator"])
def test_every_answer_is_as_the_document_says(
    system: System, app_id: str, mode: GenerationMode
) -> None:
    document: Any = schemathesis.openapi.from_url(
        f"{system.app_url(app_id)}/openapi.json", headers=system.app_headers(app_id)
    )
    shown = system.app_headers(app_id)
    operations = [found.ok() for found in document.get_all_operations()]
    assert operations
    for operation in operations:
        if mode is GenerationMode.NEGATIVE and not operation.path_parameters and not operation.body:
            continue

        @gently
        @given(case=operation.as_strategy(generation_mode=mode))
        def holds(case: Any) -> None:
            case.call_and_validate(headers=shown, excluded_checks=EXCLUDED)

        holds()
