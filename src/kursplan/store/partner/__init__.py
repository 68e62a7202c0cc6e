"""What partners read through the Open API."""
