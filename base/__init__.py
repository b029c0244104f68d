"""What services and orchestrators share: the sidecar, its stores, wire types, problems, the app."""
