"""BuildService: checks commits out and builds wheels."""
