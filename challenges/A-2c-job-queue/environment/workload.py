"""What the benchmark runs."""

SIZES = (10, 80)


class Clock:
    """Tells the time that it was given."""

    now = 0

    def __call__(self):
        return self.now


def play(queue, clock, n):
    """About n jobs wait while 4 * n are asked for; how many were taken."""
    taken = 0
    for number in range(n):
        queue.put({"number": number}, number % 3)
    for turn in range(4 * n):
        clock.now += 1
        job = queue.take()
        if job is None:
            continue
        taken += 1
        if turn % 7 == 3:
            queue.fail(job["id"], job["attempt"], "no answer")
        elif turn % 7 != 5:  # else the worker is lost
            queue.done(job["id"], job["attempt"])
        if turn % 3:
            queue.put({"number": n + turn}, turn % 5)
    return taken
