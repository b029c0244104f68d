"""BillingService: an account for each tenant, and its final invoice."""
