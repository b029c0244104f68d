"""Refusals: a rule says no, and trying again would not change its mind."""


class Refusal(Exception):
    """A rule's no, with a ``reason`` code for programs and a ``detail`` for people."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
