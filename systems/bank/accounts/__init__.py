"""AccountService: a bank's accounts, in double entry."""
