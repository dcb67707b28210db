"""Functions that somebody finds slow. They do not call one another."""

def shared(left, right):
    """The items of left that are in right, too."""
    _set_right = set(right)
    found = []
    for item in left:
        if item in _set_right:
            found.append(item)
    return found

def unique(items):
    """Each item once, in the order of the first occurrences."""
    seen = []
    _set_seen = set()
    for item in items:
        if item not in _set_seen:
            seen.append(item)
            _set_seen.add(seen[-1])
    return seen

def singles(items):
    """The items that occur once."""
    _count_items = {}
    for _item in items:
        _count_items[_item] = _count_items.get(_item, 0) + 1
    return [item for item in items if _count_items.get(item, 0) == 1]

def paired(left, right):
    """How many items of left have a partner in right that no other one has."""
    pairs = 0
    for item in left:
        if item in right:
            right.remove(item)
            pairs += 1
    return pairs

def largest(items):
    """The largest item, and how often it has been exceeded on the way."""
    best = items[0]
    steps = 0
    for item in items:
        if best < item:
            best = item
            steps += 1
    return (best, steps)
