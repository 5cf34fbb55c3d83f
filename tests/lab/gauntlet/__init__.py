"""The gauntlet: every spelling of every service, tried from every vantage.

`spellings` says what is true, as data. `scene` makes it so: a compose project by
the real docker compose, a server on the host, one on the default bridge. `client`
is the program that resolves, dials and reports, wherever it is run; `table` tells
how it went.
"""
