"""What the product does, one module a service, over the store and the flows; no channel and no web server here."""
