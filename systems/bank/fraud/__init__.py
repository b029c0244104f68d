"""FraudService: how likely it is that a transfer is a fraud, and why."""
