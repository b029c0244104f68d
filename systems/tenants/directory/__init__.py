"""TenantService: which tenant has which slug, and what is being done with it."""
