"""RestaurantService: menus and prices, tickets that a kitchen takes, cooks and hands over."""
