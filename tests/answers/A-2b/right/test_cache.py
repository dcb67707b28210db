import random
import threading
import time
from fractions import Fraction

import pytest

from cache import Cache

POLICIES = ("lru", "lfu")
every_policy = pytest.mark.parametrize("policy", POLICIES)
PATIENCE = 20  # seconds, for what happens at once unless something is broken


class Clock:
    def __init__(self, now=0):
        self.now = now

    def __call__(self):
        return self.now


def no_load(key):
    raise AssertionError(f"load of {key!r}")


class Thread:
    """Calls something in another thread; ``result()`` waits for it."""

    def __init__(self, function, *args):
        self._done = threading.Event()
        self._value = self.error = None

        def run():
            try:
                self._value = function(*args)
            except BaseException as error:
                self.error = error
            finally:
                self._done.set()

        threading.Thread(target=run, daemon=True).start()

    def wait(self):
        assert self._done.wait(PATIENCE), "a call waits for ever"

    def running(self):
        return not self._done.is_set()

    def result(self):
        self.wait()
        if self.error is not None:
            raise self.error
        return self._value


class Load:
    """A load that runs until it is let go."""

    def __init__(self, value=None, error=None):
        self.value, self.error = value, error
        self.started, self.go = threading.Event(), threading.Event()
        self.keys = []

    def __call__(self, key):
        self.keys.append(key)
        self.started.set()
        assert self.go.wait(PATIENCE)
        if self.error is not None:
            raise self.error
        return self.value

    def begin(self, cache, key, *args):
        thread = Thread(cache.get_or_load, key, self, *args)
        assert self.started.wait(PATIENCE), "no load"
        return thread


# --- storing ------------------------------------------------------------------------


@every_policy
def test_put_get_delete(policy):
    cache = Cache(3, 10, Clock(), policy)
    assert len(cache) == 0 and "a" not in cache
    assert cache.get("a") is None and cache.get("a", "default") == "default"
    assert cache.delete("a") is False
    cache.put("a", 1)
    assert cache.get("a") == 1 and "a" in cache and len(cache) == 1
    cache.put("a", 2)
    assert cache.get("a", "default") == 2 and len(cache) == 1
    cache.put(("b", 3), 3)
    assert len(cache) == 2
    assert cache.delete("a") is True
    assert cache.delete("a") is False
    assert "a" not in cache and cache.get("a") is None and len(cache) == 1
    assert cache.get(("b", 3)) == 3


@every_policy
def test_none_is_a_value(policy):
    cache = Cache(3, 10, Clock(), policy)
    cache.put(None, None)
    assert None in cache and len(cache) == 1
    assert cache.get(None, "default") is None
    assert cache.get_or_load(None, no_load) is None
    assert cache.get_or_load("x", lambda key: None) is None
    assert "x" in cache and cache.get("x", "default") is None
    assert cache.get_or_load("x", no_load) is None
    assert cache.delete("x") is True


def test_caches_are_independent():
    one, other = Cache(3, 10, Clock()), Cache(3, 10, Clock())
    one.put("a", 1)
    assert "a" not in other and len(other) == 0


def test_value_errors():
    clock = Clock()
    for bad in ((0, 10), (-1, 10), (1, 0), (1, -1), (1, Fraction(-1, 2)), (1, 0.0)):
        with pytest.raises(ValueError):
            Cache(*bad, clock)
    for policy in ("", "LRU", "fifo", None):
        with pytest.raises(ValueError):
            Cache(1, 10, clock, policy)
    cache = Cache(2, 10, clock)
    cache.put("a", 1)
    for ttl in (0, -1, Fraction(-1, 3)):
        for key in "ab":
            with pytest.raises(ValueError):
                cache.put(key, 2, ttl)
            with pytest.raises(ValueError):
                cache.put(key, 2, ttl=ttl)
            with pytest.raises(ValueError):
                cache.get_or_load(key, no_load, ttl)
    assert cache.get("a") == 1 and len(cache) == 1


# --- time to live -------------------------------------------------------------------


def present(cache, key, value):
    """Whether the entry is there; all ways to ask must agree."""
    there = key in cache
    assert cache.get(key, "gone") == (value if there else "gone")
    assert len(cache) == there
    if there:
        assert cache.get_or_load(key, no_load) == value
    return there


@every_policy
def test_expires_at_exactly_t_plus_d(policy):
    for start in (0, -50, 10**40, Fraction(1, 3)):
        clock = Clock(start)
        cache = Cache(3, 10, clock, policy)
        cache.put("a", 1)
        for age, there in ((0, True), (9, True), (10 - Fraction(1, 10**30), True), (10, False), (11, False)):
            clock.now = start + age
            assert present(cache, "a", 1) is there


@every_policy
@pytest.mark.parametrize("age", [10, 11, 1000])
def test_each_call_knows_that_it_has_expired(policy, age):
    """Each is the first one to notice."""

    def expired():
        clock = Clock(5)
        cache = Cache(3, 10, clock, policy)
        cache.put("a", 1)
        clock.now += age
        return cache

    assert "a" not in expired()
    assert len(expired()) == 0
    assert expired().get("a", "gone") == "gone"
    assert expired().delete("a") is False
    assert expired().get_or_load("a", lambda key: 2) == 2


@every_policy
def test_use_does_not_make_it_live_longer(policy):
    clock = Clock()
    cache = Cache(3, 10, clock, policy)
    cache.put("a", 1)
    cache.put("b", 1)
    for clock.now in range(10):
        assert cache.get("a") == 1
        assert cache.get_or_load("b", no_load, 50) == 1
        assert "a" in cache and len(cache) == 2
    clock.now = 10
    assert len(cache) == 0
    assert cache.get("a") is None and cache.get("b") is None


@every_policy
def test_put_sets_when_it_expires(policy):
    clock = Clock()
    cache = Cache(5, 10, clock, policy)
    cache.put("own", 1, 3)
    cache.put("long", 1, ttl=100)
    cache.put("later", 1)
    cache.put("sooner", 1, 100)
    cache.put("default", 1)
    clock.now = 2
    cache.put("later", 2, 50)
    cache.put("sooner", 2, 1)
    cache.put("default", 2)
    ends = {"own": 3, "long": 100, "later": 52, "sooner": 3, "default": 12}
    for clock.now in range(2, 110):
        there = [key for key in ends if clock.now < ends[key]]
        assert len(cache) == len(there)
        assert [key for key in ends if key in cache] == there


@every_policy
def test_without_ttl(policy):
    clock = Clock()
    cache = Cache(3, None, clock, policy)
    cache.put("ever", 1)
    cache.put("own", 1, 5)
    cache.put("own, then ever", 1, 5)
    cache.put("own, then ever", 2)
    clock.now = 5
    assert "own" not in cache and len(cache) == 2
    clock.now = 10**50
    assert cache.get("ever") == 1 and cache.get("own, then ever") == 2


# --- eviction -----------------------------------------------------------------------


def keys(cache, names):
    return "".join(name for name in names if name in cache)


def test_lru():
    cache = Cache(3, None, Clock())
    for name in "abc":
        cache.put(name, name)
    cache.put("d", 1)
    assert keys(cache, "abcd") == "bcd"
    assert cache.get("b") == "b"  # a use
    cache.put("e", 1)
    assert keys(cache, "abcde") == "bde"
    assert cache.get_or_load("d", no_load) == 1  # a use
    cache.put("b", 2)  # a use
    cache.put("f", 1)
    assert keys(cache, "abcdef") == "bdf"
    assert len(cache) == 3
    cache.put("g", 1)
    assert keys(cache, "abcdefg") == "bfg"


def test_lfu():
    cache = Cache(3, None, Clock(), "lfu")
    for name in "abc":
        cache.put(name, name)
    for name in "aab":
        cache.get(name)
    cache.put("d", 1)  # a 3, b 2, c 1
    assert keys(cache, "abcd") == "abd"
    cache.get_or_load("d", no_load)
    cache.put("d", 2)
    cache.put("e", 1)  # a 3, b 2, d 3
    assert keys(cache, "abcde") == "ade"
    cache.put("f", 1)
    assert keys(cache, "abcdef") == "adf"


def test_lfu_of_several_the_last_use_longest_ago():
    cache = Cache(3, None, Clock(), "lfu")
    for name in "abc":
        cache.put(name, name)
    cache.put("d", 1)
    assert keys(cache, "abcd") == "bcd"
    cache.get("d"), cache.get("c"), cache.get("b")  # two uses each
    cache.put("e", 1)
    assert keys(cache, "bcde") == "bce"
    cache.put("e", 2)  # two uses, the last of all
    cache.put("f", 1)
    assert keys(cache, "bcef") == "bef"


def test_lfu_forgets_uses():
    clock = Clock()
    cache = Cache(2, None, clock, "lfu")
    for gone in ("delete", "expire"):
        cache.put("a", 1, 5)
        for _ in range(5):
            cache.get("a")
        if gone == "delete":
            assert cache.delete("a") is True
        else:
            clock.now += 5
        cache.put("a", 2)
        cache.put("b", 2)
        cache.get("b")
        cache.put("c", 2)
        assert keys(cache, "abc") == "bc"
        cache.delete("b"), cache.delete("c")


@every_policy
def test_in_len_and_misses_are_no_uses(policy):
    cache = Cache(2, None, Clock(), policy)
    cache.put("a", 1)
    cache.put("b", 1)
    for _ in range(3):
        assert "a" in cache and len(cache) == 2
        assert cache.get("x") is None
    cache.put("c", 1)
    assert keys(cache, "abc") == "bc"


@every_policy
def test_replacing_evicts_nothing(policy):
    cache = Cache(2, None, Clock(), policy)
    cache.put("a", 1)
    cache.put("b", 1)
    for number in range(5):
        cache.put("b", number)
    assert keys(cache, "ab") == "ab"


@every_policy
def test_capacity_one(policy):
    cache = Cache(1, 10, Clock(), policy)
    for number in range(20):
        cache.put(number, number)
        cache.get(number)
        assert len(cache) == 1 and cache.get(number) == number
        assert number - 1 not in cache


@every_policy
@pytest.mark.parametrize("store", ["put", "load"])
def test_expired_entries_make_room(policy, store):
    clock = Clock()
    cache = Cache(3, 100, clock, policy)
    cache.put("old", 1)
    cache.put("short", 1, 5)
    cache.put("young", 1)
    for _ in range(4):
        cache.get("short")
    clock.now = 5
    if store == "put":
        cache.put("new", 1)
    else:
        cache.get_or_load("new", lambda key: 1)
    assert len(cache) == 3
    assert "old" in cache and "young" in cache and "new" in cache and "short" not in cache
    cache.put("newer", 1)  # now there is no room
    assert len(cache) == 3 and "old" not in cache


@every_policy
def test_several_expired_entries_make_room(policy):
    clock = Clock()
    cache = Cache(6, None, clock, policy)
    cache.put("stays", 0)
    for number in range(5):
        cache.put(number, number, 5 - number)
    clock.now = 5
    for name in "abcde":
        cache.put(name, 1)
    assert "stays" in cache and len(cache) == 6
    cache.put("f", 1)
    assert "stays" not in cache and len(cache) == 6


class Model:
    """A slow and simple cache."""

    def __init__(self, capacity, ttl, policy):
        self.capacity, self.ttl, self.policy = capacity, ttl, policy
        self.entries, self.ticks = {}, 0  # key: [value, end, uses, last use]

    def tidy(self, now):
        self.entries = {k: e for k, e in self.entries.items() if e[1] is None or now < e[1]}

    def use(self, key):
        self.ticks += 1
        self.entries[key][2] += 1
        self.entries[key][3] = self.ticks
        return self.entries[key][0]

    def put(self, key, value, ttl, now):
        ttl = self.ttl if ttl is None else ttl
        if key not in self.entries and len(self.entries) == self.capacity:
            rank = (lambda k: self.entries[k][3]) if self.policy == "lru" else (
                lambda k: self.entries[k][2:])
            del self.entries[min(self.entries, key=rank)]
        entry = self.entries.setdefault(key, [None, None, 0, 0])
        entry[:2] = value, None if ttl is None else now + ttl
        self.use(key)


@every_policy
@pytest.mark.parametrize("seed", range(12))
def test_against_model(policy, seed):
    rng = random.Random(seed)
    clock = Clock(rng.randrange(-50, 50))
    settings = rng.randrange(1, 9), rng.choice((None, 7, 15, Fraction(31, 4)))
    cache, model = Cache(*settings, clock, policy), Model(*settings, policy)
    for number in range(300):
        clock.now += rng.choice((0, 0, 0, 1, 2, Fraction(1, 4)))
        model.tidy(clock.now)
        key = min(rng.randrange(16), rng.randrange(16))
        ttl = rng.choice((None, None, 1, 4, Fraction(21, 2), 40))
        there = key in model.entries
        action = rng.randrange(10)
        if action < 3:
            cache.put(key, number, ttl)
            model.put(key, number, ttl, clock.now)
        elif action < 6:
            assert cache.get(key, "none") == (model.use(key) if there else "none")
        elif action < 8:
            expected = model.use(key) if there else number
            load = no_load if there else (lambda key: number)
            assert cache.get_or_load(key, load, ttl) == expected
            if not there:
                model.put(key, number, ttl, clock.now)
        elif action < 9:
            assert cache.delete(key) is there
            model.entries.pop(key, None)
        if rng.random() < 0.5:
            assert len(cache) == len(model.entries)
            assert [k for k in range(16) if k in cache] == sorted(model.entries)


# --- loading ------------------------------------------------------------------------


@every_policy
def test_load(policy):
    clock, loaded = Clock(), []

    def load(key):
        loaded.append(key)
        return key * 2

    cache = Cache(3, 10, clock, policy)
    assert cache.get_or_load("a", load) == "aa"
    assert cache.get_or_load("a", no_load) == "aa" and cache.get("a") == "aa"
    assert cache.get_or_load("b", load, 3) == "bb"
    assert cache.get_or_load("c", load, ttl=20) == "cc"
    clock.now = 3
    assert keys(cache, "abc") == "ac"
    clock.now = 10
    assert keys(cache, "abc") == "c"
    assert cache.get_or_load("a", load) == "aa"
    assert loaded == ["a", "b", "c", "a"]
    cache.delete("a")
    assert cache.get_or_load("a", load) == "aa"
    assert loaded == ["a", "b", "c", "a", "a"]


def test_ttl_begins_when_load_has_returned():
    clock = Clock()
    cache = Cache(3, 10, clock)

    def load(key):
        clock.now += 100
        return 1

    assert cache.get_or_load("a", load) == 1
    assert cache.get_or_load("b", load, 5) == 1  # a has expired meanwhile
    assert keys(cache, "ab") == "b"
    clock.now += 4
    assert "b" in cache
    clock.now += 1
    assert "b" not in cache


@pytest.mark.parametrize("error", [ValueError, KeyError, KeyboardInterrupt, SystemExit])
def test_load_that_raises(error):
    cache, raised = Cache(3, 10, Clock()), error("no")

    def load(key):
        raise raised

    for _ in range(2):
        with pytest.raises(error) as info:
            cache.get_or_load("a", load)
        assert info.value is raised
        assert "a" not in cache and len(cache) == 0
        assert cache.get("a", "default") == "default"
        assert cache.delete("a") is False
    assert cache.get_or_load("a", lambda key: 5) == 5
    assert cache.get("a") == 5


def test_load_may_use_the_cache():
    cache = Cache(5, 10, Clock())

    def load(key):
        cache.put("put", 1)
        assert cache.get("put") == 1 and cache.delete("put") and key not in cache
        assert cache.get(key) is None and len(cache) == 0
        return cache.get_or_load("inner", lambda key: 3) + 1

    result = Thread(cache.get_or_load, "outer", load)
    assert result.result() == 4
    assert cache.get("inner") == 3 and cache.get("outer") == 4 and len(cache) == 2


@pytest.mark.parametrize("attempt", range(3))
def test_others_wait_for_a_load(attempt):
    cache, load = Cache(3, 10, Clock()), Load(value=object())
    threads = [load.begin(cache, "a")]
    threads += [Thread(cache.get_or_load, "a", load) for _ in range(5)]
    time.sleep(0.1)
    assert all(thread.running() for thread in threads)
    load.go.set()
    assert all(thread.result() is load.value for thread in threads)
    assert load.keys == ["a"]
    assert cache.get("a") is load.value


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt("no")])
def test_others_get_the_exception_of_a_load(error):
    cache, load = Cache(3, 10, Clock()), Load(error=error)
    first = load.begin(cache, "a")
    others = [Thread(cache.get_or_load, "a", lambda key: "late") for _ in range(4)]
    time.sleep(0.2)
    load.go.set()
    first.wait()
    assert first.error is error
    for other in others:  # one that was very slow to start has loaded
        other.wait()
    assert any(other.error is error for other in others)
    assert all(other.error in (error, None) for other in others)


def test_nobody_else_waits():
    cache, load = Cache(5, 10, Clock()), Load("loaded")
    cache.put("other", 1)
    loading = load.begin(cache, "a")

    def calls():
        assert "a" not in cache and len(cache) == 1
        assert cache.get("a", "none") == "none"
        assert cache.get("other") == 1 and cache.get_or_load("other", no_load) == 1
        assert cache.get_or_load("new", lambda key: 2) == 2
        cache.put("more", 3)
        assert cache.delete("more") is True
        return "done"

    assert Thread(calls).result() == "done"
    second = Load("second")
    also = second.begin(cache, "b")  # while the first one runs
    second.go.set()
    assert also.result() == "second"
    assert loading.running()
    load.go.set()
    assert loading.result() == "loaded"
    assert cache.get("a") == "loaded" and cache.get("b") == "second"


def test_put_while_loading():
    cache, load = Cache(3, 10, Clock()), Load("loaded")
    loading = load.begin(cache, "a")
    waiting = Thread(cache.get_or_load, "a", load)
    time.sleep(0.1)
    Thread(cache.put, "a", "put").result()
    assert cache.get("a") == "put"
    load.go.set()
    assert loading.result() == "loaded"
    assert waiting.result() in ("loaded", "put")  # the latter if it was late
    assert cache.get("a") == "put" and len(load.keys) == 1


def test_delete_while_loading():
    cache, load, again = Cache(3, 10, Clock()), Load("old"), Load("new")
    loading = load.begin(cache, "a")
    assert Thread(cache.delete, "a").result() is False
    anew = again.begin(cache, "a")
    load.go.set()
    assert loading.result() == "old"
    assert "a" not in cache and anew.running()
    again.go.set()
    assert anew.result() == "new"
    assert cache.get("a") == "new"


def test_delete_while_loading_and_nothing_after():
    cache, load = Cache(3, 10, Clock()), Load("old")
    loading = load.begin(cache, "a")
    cache.delete("a")
    load.go.set()
    assert loading.result() == "old"
    assert "a" not in cache
    assert cache.get_or_load("a", lambda key: "new") == "new"


def test_new_load_that_ends_before_the_old_one():
    cache, load = Cache(3, 10, Clock()), Load("old")
    loading = load.begin(cache, "a")
    cache.delete("a")
    assert Thread(cache.get_or_load, "a", lambda key: "new").result() == "new"
    load.go.set()
    assert loading.result() == "old"
    assert cache.get("a") == "new"


@every_policy
def test_what_happened_while_loading_counts(policy):
    clock = Clock()
    cache, load = Cache(2, 10, clock, policy), Load("loaded")
    cache.put("x", 1)
    cache.put("y", 1)
    loading = load.begin(cache, "a")
    assert keys(cache, "xy") == "xy"  # nothing is evicted before
    cache.get("x")
    clock.now = 5
    load.go.set()
    loading.result()
    assert keys(cache, "axy") == "ax"
    clock.now = 14
    assert keys(cache, "axy") == "a"
    clock.now = 15
    assert len(cache) == 0


def test_threads():
    cache = Cache(20, 10, Clock(), "lfu")

    def work(seed):
        rng = random.Random(seed)
        for _ in range(400):
            key = rng.randrange(40)
            action = rng.randrange(4)
            if action == 0:
                cache.put(key, key)
            elif action == 1:
                assert cache.get(key, key) == key
            elif action == 2:
                assert cache.get_or_load(key, lambda key: key) == key
            else:
                cache.delete(key)
            assert len(cache) <= 20

    for thread in [Thread(work, seed) for seed in range(4)]:
        thread.result()
    assert len(cache) == sum(key in cache for key in range(40))
