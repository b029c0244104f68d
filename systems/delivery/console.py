"""The console's pages that only deliveries have."""

from fastapi import APIRouter

from sagas.web.console.showing import Show


def pages(_: Show) -> APIRouter:
    return APIRouter()
