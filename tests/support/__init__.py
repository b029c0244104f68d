"""What the tests of the running system share."""
