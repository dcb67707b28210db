"""Nights whose processes are killed, again and again, and what is left of them.

kills       what is killed, and when
instants    chosen instants, inside the processes themselves
plugin      arms them: in the controller, in workers, in warm servers
suite       the small suite that is played
engine      starts nights, kills, waits, resumes
ledger      all that was ever seen on disk, and what became of it
campaign    seeded kills without end; ``python -m tests.chaos --kills 300``
"""
