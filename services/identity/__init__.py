"""A small identity provider for trying the front door out: OpenID Connect, code flow with PKCE."""
