"""What a system with ``SECURE=1`` has besides: identities, tokens, and who may call what."""
