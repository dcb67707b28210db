"""What is measured. Leave this file as it is.

Each function of ``WORKLOADS`` is called with the module ``parts`` and returns nothing.
"""

import random

from books import Book
from books import Name


def some_book(rng, size, gaps=0):
    """Products 0 to size - 1; each is made of later ones. Some lines are missing."""
    book = Book()
    missing = rng.sample(range(1, size), gaps)
    for product in range(size):
        later = range(product + 1, size)
        chosen = rng.sample(later, min(len(later), rng.randrange(4)))
        lines = [(Name(f"part {part}"), rng.randrange(1, 5)) for part in chosen]
        if product not in missing:
            book.put(Name(f"part {product}"), lines)
    return book


def ask(function, book, product):
    try:
        function(book, Name(f"part {product}"))
    except LookupError:
        pass


def fresh(parts):
    """A new book each time."""
    rng = random.Random("fresh")
    for _ in range(30):
        book = some_book(rng, 12)
        for product in rng.sample(range(12), 3):
            ask(parts.needs, book, product)


def changing(parts):
    """One book that is changed again and again."""
    rng = random.Random("changing")
    book = some_book(rng, 20)
    for _ in range(60):
        ask(parts.needs, book, rng.randrange(3))
        bought = rng.randrange(10, 20)
        book.put(Name(f"part {bought}"), [])


def levels(parts):
    rng = random.Random("levels")
    for _ in range(25):
        book = some_book(rng, 12)
        for product in rng.sample(range(12), 2):
            ask(parts.depth, book, product)


def failing(parts):
    """Books that lack parts."""
    rng = random.Random("failing")
    for number in range(40):
        book = some_book(rng, 12, gaps=4)
        function = parts.depth if number % 2 else parts.needs
        ask(function, book, rng.randrange(12))


def night(parts):
    """Some of everything."""
    rng = random.Random("night")
    books = []
    for _ in range(150):
        if len(books) < 4:
            books.append(some_book(rng, 15, gaps=rng.randrange(4)))
        book = rng.choice(books)
        kind = rng.randrange(5)
        if kind < 2:
            ask(parts.needs, book, rng.randrange(15))
        elif kind == 2:
            ask(parts.depth, book, rng.randrange(15))
        elif kind == 3:
            book.put(Name(f"part {rng.randrange(10, 15)}"), [])
        else:
            books.remove(book)


WORKLOADS = {
    "fresh": fresh,
    "changing": changing,
    "levels": levels,
    "failing": failing,
    "night": night,
}
