"""Live tracking over HTTP."""

from fastapi import APIRouter

router = APIRouter()
