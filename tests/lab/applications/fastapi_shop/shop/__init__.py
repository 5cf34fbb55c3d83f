"""A shop of items, with FastAPI and drivers that wait in an event loop."""
