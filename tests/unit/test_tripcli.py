"""What the command line makes of an answer without a trip."""

import httpx
import pytest
import typer

from tripcli.client import trip_of


@pytest.mark.parametrize(("status", "code"), [(400, 2), (404, 2), (409, 2), (429, 3), (503, 3)])
def test_what_may_pass_is_told_from_what_is_wrong(status: int, code: int) -> None:
    with pytest.raises(typer.Exit) as ended:
        trip_of(httpx.Response(status, json={"title": "No", "detail": "because"}))
    assert ended.value.exit_code == code
