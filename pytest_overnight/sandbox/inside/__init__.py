"""What runs inside the box: standard library only, and as little of it as possible.

The harness sends these modules as compiled code over the control socket of a new box;
nothing of them lies in the box's file system. They import C modules directly
(``_socket``, ``_signal``, ``_ctypes``) because ``import json`` alone would double the
start of the box. Bytes that leave the box are plain numbers and byte strings, which
:mod:`pytest_overnight.sandbox.client` checks.
"""
