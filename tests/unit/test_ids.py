"""The ids of what a trip reserves, charges and mails are made of the trip's own."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from base.wire import ResourceId
from sagas.web.routes import CaseId

TRIP_ID, RESOURCE_ID = TypeAdapter[str](CaseId), TypeAdapter[str](ResourceId)


def pattern_of(kind: TypeAdapter[str]) -> re.Pattern[str]:
    """Return the pattern that the documents of the apps tell of ids of this kind."""
    return re.compile(kind.json_schema()["pattern"])


trip_ids = st.from_regex(pattern_of(TRIP_ID), fullmatch=True)
resources = st.from_regex(r"[a-z][a-z0-9-]{0,62}", fullmatch=True)


@given(trip_ids, resources)
@example("_", "flight")
@example("-" * 64, "confirmation")
def test_whatever_a_trip_is_called_services_take_the_ids_made_of_it(
    trip_id: str, resource: str
) -> None:
    assert TRIP_ID.validate_python(trip_id) == trip_id
    resource_id = f"{trip_id}:{resource}"
    assert RESOURCE_ID.validate_python(resource_id) == resource_id


@pytest.mark.parametrize("bad", ["", ".", "..", ":flight", "a/b", "a b", "a\n", "é", "a" * 129])
def test_what_would_not_stay_one_part_of_a_path_is_no_id(bad: str) -> None:
    with pytest.raises(ValidationError):
        RESOURCE_ID.validate_python(bad)
