"""Who takes part in a delivery, by app-id."""

RESTAURANT, DRIVER_SERVICE, PAYMENT = "restaurant-service", "driver-service", "payment-service"
