"""PaymentService: charges and refunds."""
