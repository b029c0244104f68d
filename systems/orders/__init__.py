"""Order fulfilment: the orchestrator and its participants."""
