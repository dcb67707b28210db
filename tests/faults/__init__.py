"""Every fault of the table F01 … F44: what the agent does, and how it is booked.

One row a fault: what the server says, what must come of it. Sockets, client, loop, box
and ledger are real; only the clock skips what would be slept through.
"""
