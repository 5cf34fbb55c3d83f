"""The lab: a real container engine, real images, real servers.

What hostshift believes about containers is tried here and not on pretended
ones: the tests stand in real networks and talk to real databases. Everything
is made on this machine, so no image registry is needed.

``python -m tests.lab up`` brings it up; README.md beside this file tells more.
"""
