"""The little that all services share."""
