"""The lab's servers, as programs: most run in containers, some on the host too.

All take their port as argument, and from the environment: `WHO`, what the
server says when asked who it is, and `LISTEN`, the address it listens on.
"""
