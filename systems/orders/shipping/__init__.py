"""ShippingService: addresses, labels, and what the carrier tells of parcels."""
