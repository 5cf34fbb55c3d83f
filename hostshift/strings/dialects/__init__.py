"""The grammars, one module each: ``read(text, scheme)`` finds the endpoints or raises Unreadable.

They are loaded when they are first needed; :mod:`hostshift.strings.choose` has
the table of them.
"""
