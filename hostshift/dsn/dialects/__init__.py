"""The grammars, one module each: ``read(text, scheme)`` finds the endpoints or raises Unreadable.

:mod:`hostshift.dsn.parse` has their table, and loads each at first use.
"""
