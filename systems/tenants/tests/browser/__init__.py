"""The console of tenants in a real browser."""
