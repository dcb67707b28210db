"""Know in the morning, with error bars, what your coding agent can do.

Importing the package imports nothing else: pytest loads it for every test run on
the machine, also those that never start a night.
"""

__version__ = "0.1.0"
