#!/usr/bin/env python2.5
"""Reads what the scales of a warehouse send, and reports on it."""

import string
import sys
import time
from functools import reduce

MASK = 0o377


class FeedError(Exception):
    pass


class Reading:
    """What a scale has weighed, and when."""

    def __init__(self, scale, grams, stamp=0):
        self.scale = scale
        self.grams = grams
        self.stamp = stamp

    def __cmp__(self, other):
        return cmp((self.stamp, self.scale), (other.stamp, other.scale))

    def __bool__(self):
        return self.grams != 0


class Registry:
    """Names of products by code; a code may be given in capitals or not."""

    def __init__(self, products):
        self.products = {}
        for code, name in products.items():
            self.add(code, name)

    def add(self, code, name):
        self.products[code.upper()] = name

    def has_key(self, code):
        return code.upper() in self.products

    def __getitem__(self, code):
        return self.products[code.upper()]

    def codes(self):
        codes = list(self.products.keys())
        codes.sort()
        return codes

    def drop(self, words):
        """Removes the products whose name contains one of the words."""
        dropped = []
        for code in list(self.products.keys()):
            if [word for word in words if word in self.products[code]]:
                dropped.append(code)
                del self.products[code]
        dropped.sort()
        return dropped


def checksum(data):
    total = 0
    for character in data:
        total = (total * 31 + ord(character)) & MASK
    return total


def parse(line):
    """A line such as 'A7 +1250 1300000000*85' as a Reading."""
    if line.count("*") != 1:
        raise FeedError("no checksum")
    body, check = line.rstrip("\r\n").split("*")
    if "%02x" % checksum(body) != check:
        raise FeedError("wrong checksum")
    try:
        scale, grams, stamp = body.split()
        return Reading(scale, int(grams), int(stamp))
    except ValueError as error:
        raise FeedError("bad fields: %s" % error)


class Feed:
    """The readings in some lines, one by one; bad lines are counted."""

    def __init__(self, lines):
        self.lines = iter(lines)
        self.bad = 0

    def __iter__(self):
        return self

    def __next__(self):
        while True:
            line = next(self.lines)
            try:
                return parse(line)
            except FeedError:
                self.bad += 1


def average(readings):
    """Grams, rounded down; 0 without readings."""
    if not readings:
        return 0
    return reduce(lambda total, r: total + r.grams, readings, 0) / len(readings)


def per_unit(amount, units):
    """Whole numbers give a whole number, others do not."""
    return amount / units


def kilos(grams):
    return round(grams / 1000.0, 1)


def histogram(readings, width=500):
    """How many readings there are in each class of so many grams."""
    counts = {}
    for reading in readings:
        start = reading.grams / width * width
        if start not in counts:
            counts[start] = 0
        counts[start] += 1
    starts = list(counts.keys())
    starts.sort()
    return [(start, counts[start]) for start in starts]


def ranking(rows):
    """Rows of a name and a note (nothing, a number or a text), by note."""
    rows = rows[:]
    rows.sort(lambda a, b: cmp(a[1], b[1]) or cmp(b[0], a[0]))
    return rows


def pairs(names, weights):
    return map(None, names, weights)


def digits(text):
    return [character for character in text if character.isdigit()]


def summary(readings):
    """A line for each scale: number, average and newest weight."""
    groups = {}
    for reading in readings:
        groups.setdefault(reading.scale, []).append(reading)
    scales = list(groups.keys())
    scales.sort()
    lines = []
    for scale in scales:
        group = groups[scale]
        group.sort()
        mark = "-"
        if group[-1]:
            mark = repr(group[-1].grams)
        lines.append("%-6s %3d %7d %s" % (scale, len(group), average(group), mark))
    return string.join(lines, "\n")


def collect(names, fetch, tries=3, delay=0.5):
    """Fetches the data of several scales; says which of them gave none."""
    feeds, problems = {}, []
    for name in names:
        for attempt in range(1, tries + 1):
            try:
                feeds[name] = fetch(name)
                break
            except IOError as error:
                if attempt == tries:
                    print("%s: %s" % (name, error), file=sys.stderr)
                    problems.append(name)
                else:
                    time.sleep(delay * attempt)
    return feeds, problems


def watch(lines, handle):
    """Hands each good reading to handle; counts good and bad lines."""
    feed, good = Feed(lines), 0
    for reading in feed:
        handle(reading)
        good += 1
    return good, feed.bad


def main(argv):
    data = open(argv[1], "rb").read()
    feed = Feed(data.splitlines())
    readings = list(feed)
    print(summary(readings))
    print("%d bad, %.1f kg" % (feed.bad, sum(kilos(r.grams) for r in readings)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
