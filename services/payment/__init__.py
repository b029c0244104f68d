"""PaymentService: charges and refunds; authorisations, captures and cancels."""
