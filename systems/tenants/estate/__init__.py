"""What the services of tenants share: one resource of a tenant, wanted, suspended, gone."""
