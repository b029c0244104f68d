"""NotificationService: mails to customers."""
