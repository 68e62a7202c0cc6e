"""The HTTP server: connections with bounds, an ASGI application behind them, processes around it."""
