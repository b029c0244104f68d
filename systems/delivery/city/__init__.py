"""A simulated city: kitchens that cook and drivers with phones, who ask over HTTP as others do."""
