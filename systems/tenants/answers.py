"""What the sagas need of the participants' answers; more may be in them, but never a secret."""

from pydantic import BaseModel, Field

TENANT, DATABASE, STORAGE = "tenant-service", "database-service", "storage-service"
IDENTITY, BILLING, NOTIFICATION = "identity-service", "billing-service", "notification-service"


class Made(BaseModel):
    """A resource of a tenant; ``facts`` say how it is reached."""

    status: str
    facts: dict[str, str]


class Listed(BaseModel):
    """A tenant of the directory."""

    slug: str
    owner_email: str = Field(alias="ownerEmail")


class Total(BaseModel):
    """Minor units, with an ISO 4217 code."""

    amount: int
    currency: str


class Invoice(BaseModel):
    number: str
    days: int
    total: Total
