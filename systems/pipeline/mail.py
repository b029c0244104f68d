"""What the author is told of a run, once it is over."""

from sagas import Done, Progress, Step
from systems.pipeline.request import RunRequest
from systems.pipeline.words import WORDS

_NOTIFICATION, _SEND = "notification-service", "PUT notifications/{id}"

RELEASED = Step("send release", _NOTIFICATION, _SEND, "released", Done)
STOPPED = Step("send stop", _NOTIFICATION, _SEND, "stopped", Done)


def end(run_id: str, run: RunRequest, ended: Progress) -> Step[Done]:
    """Tell that it is in production; or where it stopped, and why."""
    source, live = ended.results.get("workspace", {}), ended.results.get("production", {})
    facts = {
        "runId": run_id,
        "commit": source.get("commit", run.commit),
        "subject": source.get("subject", ""),
        "repository": run.repository,
    }
    if ended.succeeded:
        told = {"url": live.get("url", ""), "release": live.get("release", "")}
        return RELEASED.given(template="run_released", to=run.author_email, facts=facts | told)
    halt = ended.halt
    why = {
        "step": halt.step if halt else "",
        "why": WORDS.reason(halt.reason if halt else ""),
        "detail": " ".join(halt.detail.split()) if halt else "",
        "status": ended.status,
    }
    return STOPPED.given(template="run_stopped", to=run.author_email, facts=facts | why)
