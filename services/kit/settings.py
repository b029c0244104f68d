"""Settings that every service reads from its environment."""

from pydantic_settings import BaseSettings


class SidecarSettings(BaseSettings):
    """Where the service finds its sidecar.

    ``DAPR_HTTP_PORT`` is set by ``dapr run``; ``SIDECAR_TIMEOUT_SECONDS`` bounds each call to it.
    """

    dapr_http_port: int = 3500
    sidecar_timeout_seconds: float = 10.0

    @property
    def sidecar_url(self) -> str:
        return f"http://127.0.0.1:{self.dapr_http_port}"
