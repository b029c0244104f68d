# One image for all five apps; the arguments say which: docker run travel:1.0.0 services.flight.app:app --port 8101
FROM python:3.13-slim-bookworm AS build
RUN python -m venv /venv
WORKDIR /source
COPY pyproject.toml constraints.txt README.md ./
COPY base base/
COPY kit kit/
COPY services services/
COPY sagas sagas/
COPY orchestrator orchestrator/
COPY telemetry telemetry/
COPY cli cli/
COPY runtime runtime/
COPY systems systems/
RUN /venv/bin/pip install --no-cache-dir --constraint constraints.txt .

FROM python:3.13-slim-bookworm
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
# A number, for Kubernetes cannot tell whether a name is root. Everything here is root's, so the app
# cannot change itself. There is no HEALTHCHECK: Kubernetes ignores it and has probes of its own.
USER 10001:10001
WORKDIR /tmp
ENTRYPOINT ["python", "-m", "uvicorn"]
