"""ComplianceService: whether a party of a transfer is on a sanctions list."""
