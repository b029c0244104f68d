"""The command line: begin cases of any kind and look after them, over an orchestrator's HTTP."""
