"""IdentityService: a realm for each tenant, with an issuer, a key and users of its own."""
