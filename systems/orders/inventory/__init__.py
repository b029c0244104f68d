"""InventoryService: the catalogue, and the stock of three warehouses."""
