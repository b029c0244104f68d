"""Errors that are for the person at the terminal."""


class SetupError(Exception):
    """Something is missing or in the way; the message says what to do about it."""
