"""Whom the provider knows: people with their passwords' hashes, and clients that may ask."""

from typing import Annotated

from pydantic import BaseModel, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,128}$")]


class Person(BaseModel, extra="forbid"):
    """Somebody who can log in. ``password`` is an argon2id hash."""

    name: Name
    roles: list[str]
    password: str


class Client(BaseModel, extra="forbid"):
    """An app that people log in to: whereto it may have them led back, to the letter, and for whom
    the tokens are made out that it gets to call with. It is public: PKCE is what it proves itself
    with."""

    id: str
    redirects: list[str]
    audience: str


class Known(BaseModel, extra="forbid"):
    """All whom the provider knows."""

    people: list[Person] = []
    clients: list[Client] = []

    def person(self, name: str) -> Person | None:
        return next((person for person in self.people if person.name == name), None)

    def client(self, id_: str) -> Client | None:
        return next((client for client in self.clients if client.id == id_), None)


class Question(BaseModel):
    """What a client asks for with a browser that it sends to log in."""

    client_id: str = ""
    redirect_uri: str = ""
    response_type: str = ""
    state: Annotated[str, StringConstraints(max_length=1024)] = ""
    nonce: Annotated[str, StringConstraints(max_length=1024)] = ""
    code_challenge: str = ""
    code_challenge_method: str = ""


class Redeemed(BaseModel):
    """What a client brings to get tokens."""

    grant_type: str = ""
    code: str = ""
    redirect_uri: str = ""
    client_id: str = ""
    code_verifier: str = ""


class Tokens(BaseModel):
    """What it gets for it; ``expires_in`` is in seconds."""

    access_token: str
    id_token: str
    token_type: str = "Bearer"
    expires_in: int
