"""A small system in a folder of its own: one plain app that keeps what it is sent in its store."""

from pathlib import Path
from typing import Any

import yaml

PORTS = (6100, 6110, 6180, 6190, 6260, *range(6340, 6351))
APP = '''
"""Takes requests for a kind of case: each is done at once, or refused if it says so."""

import os

import httpx
from fastapi import FastAPI, Response

import calendar  # that of Python, not the file beside this one

app = FastAPI()
assert calendar.monthrange
store = f"http://127.0.0.1:{os.environ['DAPR_HTTP_PORT']}/v1.0/state/claim-store"


@app.get("/readyz")
def ready():
    return httpx.get(f"{store}/nothing").raise_for_status().status_code


@app.get("/kind")
def kind():
    return {"noun": "claim", "nouns": "claims", "done": "settled", "more": 1}


@app.put("/claims/{claim_id}")
def start(claim_id: str, request: dict, response: Response):
    if request.get("refuse"):
        response.status_code = 409
        halt = {"step": "assess", "reason": "refused", "detail": "no such car"}
        claim = {"createdAt": "2025-01-01T00:00:00Z", "status": "rejected", "halt": halt}
        return {"reason": "refused", "detail": "no such car", "claim": claim}
    step = {
        "step": "assess",
        "resource": f"{claim_id}:assessment",
        "result": "done",
        "startedAt": "2025-01-01T00:00:00.010Z",
        "endedAt": "2025-01-01T00:00:00.052Z",
    }
    claim = {"claimId": claim_id, "createdAt": "2025-01-01T00:00:00Z", "status": "settled"}
    claim |= {"steps": [step], "compensations": []}
    httpx.post(store, json=[{"key": claim_id, "value": claim}]).raise_for_status()
    return claim


@app.get("/claims/{claim_id}")
def get(claim_id: str):
    return httpx.get(f"{store}/{claim_id}").json()
'''


def make(project: Path, name: str, by: int) -> None:
    """Make a system in ``systems/<name>`` that pins the ports of ``PORTS``, shifted."""
    path = f"systems/{name}"
    folder = project / path
    (folder / "components").mkdir(parents=True)
    (folder / "claims.py").write_text(APP)
    (folder / "calendar.py").write_text("raise ImportError('not this one')")
    (folder / "sample.json").write_text('{"amount": 100}')
    _write(folder / "dapr.yaml", _template(path, by))
    _write(
        folder / "components" / "claim-store.yaml",
        _resource(
            "Component",
            "claim-store",
            type="state.sqlite",
            version="v1",
            metadata=[{"name": "connectionString", "value": f"{path}/data/claims.db"}],
        ),
    )
    names = {"connectionString": f"{path}/data/names.db"}
    resolution = {"component": "sqlite", "version": "v1", "configuration": names}
    _write(
        folder / "components" / "configuration.yaml",
        _resource("Configuration", "small", nameResolution=resolution),
    )


def _template(path: str, by: int) -> dict[str, Any]:
    module = f"{path.replace('/', '.')}.claims:app"
    command = [".venv/bin/python", "-m", "uvicorn", module, "--port", str(6100 + by)]
    return {
        "version": 1,
        "common": {
            "appDirPath": "../..",
            "resourcesPaths": ["components"],
            "configFilePath": "components/configuration.yaml",
            "apiListenAddresses": "127.0.0.1",
            "placementHostAddress": f"127.0.0.1:{6340 + by}",
            "schedulerHostAddress": f"127.0.0.1:{6341 + by}",
            "appLogDestination": "file",
            "daprdLogDestination": "file",
        },
        "apps": [
            {
                "appID": "claim-orchestrator",
                "appDirPath": "../..",
                "appPort": 6100 + by,
                "daprHTTPPort": 6110 + by,
                "daprGRPCPort": 6180 + by,
                "daprInternalGRPCPort": 6190 + by,
                "metricsPort": 6260 + by,
                "command": command,
            }
        ],
    }


def _resource(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    head = {"apiVersion": "dapr.io/v1alpha1", "kind": kind, "metadata": {"name": name}}
    return head | {"spec": spec}


def _write(path: Path, content: Any) -> None:
    path.write_text(yaml.safe_dump(content, sort_keys=False))
