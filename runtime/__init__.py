"""Sets up Dapr, starts and stops the whole system, and books a sample trip."""
