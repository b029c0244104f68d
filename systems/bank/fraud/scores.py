"""Scores and the profiles of payers in a Dapr state store, changed together or not at all."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from base.errors import Refusal
from base.state import StateStore, Stored, Write, decided
from kit.turns import Turns
from systems.bank.fraud import rules
from systems.bank.fraud.rules import Facts, Profile, Reason


class Score(BaseModel, extra="allow"):
    """A score as it is stored; it never changes, but that the transfer is completed."""

    id: str
    status: Literal["scored", "completed"] = "scored"
    request: dict[str, Any]
    payer: str
    payee: str
    amount: int
    score: int
    reasons: list[Reason]


class Scores:
    """Scores a transfer once, and remembers it of its payer. Methods raise Unavailable."""

    def __init__(self, state: StateStore, clock: Callable[[], datetime]) -> None:
        self._state = state
        self._clock = clock
        self._turns = Turns()

    async def score(
        self, score_id: str, request: dict[str, Any], payer: str, facts: Facts
    ) -> Score:
        """Score a transfer. Asking again for the same changes nothing. Refuses
        ``idempotency_conflict``."""

        def rule(known: Score | None, profile: Profile) -> tuple[Score, Profile]:
            if known is not None and known.request != request:
                raise Refusal("idempotency_conflict", f"{score_id} was another transfer's.")
            if known is not None:
                return known, profile
            now = self._clock()
            found = rules.reasons(facts, profile, now)
            made = Score(
                id=score_id,
                request=request,
                payer=payer,
                payee=facts.payee,
                amount=facts.amount,
                score=rules.score(found),
                reasons=found,
            )
            return made, rules.remembered(profile, facts.amount, now)

        return await self._change(score_id, payer, rule)

    async def complete(self, score_id: str) -> Score:
        """Remember that the transfer was completed, once. Refuses ``unknown_score``."""

        def rule(known: Score | None, profile: Profile) -> tuple[Score, Profile]:
            assert known is not None, "a score is never removed"
            if known.status == "completed":
                return known, profile
            done = known.model_copy(update={"status": "completed"})
            return done, rules.completed(profile, known.payee, known.amount)

        return await self._change(score_id, (await self.get(score_id)).payer, rule)

    async def get(self, score_id: str) -> Score:
        """Return the score. Refuses ``unknown_score``."""
        entry = (await self._state.read([_score_key(score_id)]))[_score_key(score_id)]
        if entry.value is None:
            raise Refusal("unknown_score", f"There is no score {score_id}.")
        return Score.model_validate(entry.value)

    async def _change(
        self,
        score_id: str,
        payer: str,
        rule: Callable[[Score | None, Profile], tuple[Score, Profile]],
    ) -> Score:
        async with self._turns.of([payer]):
            return await decided(lambda: self._once(score_id, payer, rule))

    async def _once(
        self,
        score_id: str,
        payer: str,
        rule: Callable[[Score | None, Profile], tuple[Score, Profile]],
    ) -> Score:
        keys = _score_key(score_id), _profile_key(payer)
        kept, of_payer = [(await self._state.read([key]))[key] for key in keys]
        known, profile = _score(kept), Profile.model_validate(of_payer.value or {})
        made, remembered = rule(known, profile)
        if made != known:
            documents = (made, kept.etag), (remembered, of_payer.etag)
            await self._state.write(
                [
                    Write(key, document.model_dump(mode="json"), etag)
                    for key, (document, etag) in zip(keys, documents, strict=True)
                ]
            )
        return made


def _score(entry: Stored) -> Score | None:
    return None if entry.value is None else Score.model_validate(entry.value)


def _score_key(score_id: str) -> str:
    return f"score:{score_id}"


def _profile_key(payer: str) -> str:
    return f"profile:{payer}"
