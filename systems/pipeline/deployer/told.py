"""Environments and leases as the API tells them."""

from systems.pipeline.deployer.environments import Environment
from systems.pipeline.deployer.hosts import Host
from systems.pipeline.deployer.models import (
    ChangeState,
    DeploymentState,
    EnvironmentState,
    LeaseState,
)


def lease_state(env: Environment, run: str) -> LeaseState:
    """Return what a run has of an environment."""
    claim = env.claim_of(run)
    if claim is None:
        return LeaseState(environment=env.name, run=run, status="released")
    if claim.fence is None:
        before = list(env.queue).index(claim)
        return LeaseState(environment=env.name, run=run, status="queued", before=before)
    return LeaseState(
        environment=env.name,
        run=run,
        status="held",
        fence=claim.fence,
        until=claim.until,
        previous=claim.previous,
    )


async def deployment_state(host: Host) -> DeploymentState:
    """Return what is live in an environment."""
    live = host.live()
    well = live is not None and await host.is_healthy(live)
    return DeploymentState(name=host.name, url=host.url, release=live, healthy=well)


async def environment_state(env: Environment, host: Host) -> EnvironmentState:
    """Return an environment as it is stored, and as it is."""
    live = await deployment_state(host)
    return EnvironmentState(
        **live.model_dump(),
        holder=env.holder.run if env.holder else None,
        waiting=[claim.run for claim in list(env.queue)[1:]],
        kept=list(env.kept),
        history=[ChangeState.model_validate(change.model_dump()) for change in env.history],
    )
