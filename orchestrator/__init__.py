"""TripOrchestrator: books whole trips, or leaves nothing behind."""
