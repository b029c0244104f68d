"""Tenants: a schema, a bucket, a realm and a billing account for each, or nothing at all."""
