"""The transactional outbox: events, their dispatch to endpoints, and claimed deliveries."""
