"""The command line: book trips and look after them, over the orchestrator's HTTP."""
