"""People at an orchestrator's door: who somebody is, and who may do what."""
