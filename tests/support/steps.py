"""The steps of a trip, as they pass between a service and its sidecar."""

from tests.support.world import FLIGHT, HOTEL, PAYMENT

# step, service, HTTP method, end of the path
STEPS = [
    ("search flight", FLIGHT, "POST", "/search"),
    ("search hotel", HOTEL, "POST", "/search"),
    ("hold flight", FLIGHT, "PUT", ":flight"),
    ("hold hotel", HOTEL, "PUT", ":hotel"),
    ("charge", PAYMENT, "PUT", ":payment"),
    ("confirm flight", FLIGHT, "POST", "/confirm"),
    ("confirm hotel", HOTEL, "POST", "/confirm"),
]
