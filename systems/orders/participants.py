"""Who takes part in an order, by app-id."""

INVENTORY, WAREHOUSE = "inventory-service", "warehouse-service"
SHIPPING, PAYMENT = "shipping-service", "payment-service"
