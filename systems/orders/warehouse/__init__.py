"""WarehouseService: picks, packs and hands over parcels."""
