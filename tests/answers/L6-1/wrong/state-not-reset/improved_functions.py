"""Functions that somebody finds slow. They do not call one another."""


def shared(left, right):
    """The items of left that are in right, too."""
    from builtins import TypeError as _opt_TypeError, id as _opt_id, len as _opt_len
    from builtins import list as _opt_list, type as _opt_type
    _opt_known, _opt_numbers, _opt_views = {}, {}, {}

    def _opt_number(value):
        # Equal values get equal numbers; one without a hash gets none.
        if _opt_id(value) not in _opt_known:
            try:
                number = _opt_numbers.setdefault(value, _opt_len(_opt_numbers))
            except _opt_TypeError:
                return None
            _opt_known[_opt_id(value)] = value, number
        return _opt_known[_opt_id(value)][1]

    class _opt_View:
        # A list that only grows, to look values up in.
        def __init__(self, items):
            self.items, self.done, self.counts, self.others = items, 0, {}, []
        def step(self):
            value = self.items[self.done]
            number = _opt_number(value)
            self.done += 1
            if number is None:
                self.others.append(value)
            else:
                self.counts[number] = self.counts.get(number, 0) + 1
        def __contains__(self, value):
            number = _opt_number(value)
            if number is None:
                return value in self.items
            while number not in self.counts:
                if self.done >= _opt_len(self.items):
                    return value in self.others
                self.step()
            return True
        def count(self, value):
            number = _opt_number(value)
            if number is None:
                return self.items.count(value)
            while self.done < _opt_len(self.items):
                self.step()
            return self.counts.get(number, 0) + self.others.count(value)

    def _opt_view(key, items):
        if _opt_type(items) is not _opt_list:
            return items
        if key not in _opt_views:
            _opt_views[key] = _opt_View(items)
        return _opt_views[key]

    found = []
    for item in left:
        if item in _opt_view(0, right):
            found.append(item)
    return found


def unique(items):
    """Each item once, in the order of the first occurrences."""
    from builtins import TypeError as _opt_TypeError, id as _opt_id, len as _opt_len
    from builtins import list as _opt_list, type as _opt_type
    _opt_known, _opt_numbers, _opt_views = {}, {}, {}

    def _opt_number(value):
        # Equal values get equal numbers; one without a hash gets none.
        if _opt_id(value) not in _opt_known:
            try:
                number = _opt_numbers.setdefault(value, _opt_len(_opt_numbers))
            except _opt_TypeError:
                return None
            _opt_known[_opt_id(value)] = value, number
        return _opt_known[_opt_id(value)][1]

    class _opt_View:
        # A list that only grows, to look values up in.
        def __init__(self, items):
            self.items, self.done, self.counts, self.others = items, 0, {}, []
        def step(self):
            value = self.items[self.done]
            number = _opt_number(value)
            self.done += 1
            if number is None:
                self.others.append(value)
            else:
                self.counts[number] = self.counts.get(number, 0) + 1
        def __contains__(self, value):
            number = _opt_number(value)
            if number is None:
                return value in self.items
            while number not in self.counts:
                if self.done >= _opt_len(self.items):
                    return value in self.others
                self.step()
            return True
        def count(self, value):
            number = _opt_number(value)
            if number is None:
                return self.items.count(value)
            while self.done < _opt_len(self.items):
                self.step()
            return self.counts.get(number, 0) + self.others.count(value)

    def _opt_view(key, items):
        if _opt_type(items) is not _opt_list:
            return items
        if key not in _opt_views:
            _opt_views[key] = _opt_View(items)
        return _opt_views[key]

    seen = []
    for item in items:
        if item not in _opt_view(0, seen):
            seen.append(item)
    return seen


def singles(items):
    """The items that occur once."""
    from builtins import TypeError as _opt_TypeError, id as _opt_id, len as _opt_len
    from builtins import list as _opt_list, type as _opt_type
    _opt_known, _opt_numbers, _opt_views = {}, {}, {}

    def _opt_number(value):
        # Equal values get equal numbers; one without a hash gets none.
        if _opt_id(value) not in _opt_known:
            try:
                number = _opt_numbers.setdefault(value, _opt_len(_opt_numbers))
            except _opt_TypeError:
                return None
            _opt_known[_opt_id(value)] = value, number
        return _opt_known[_opt_id(value)][1]

    class _opt_View:
        # A list that only grows, to look values up in.
        def __init__(self, items):
            self.items, self.done, self.counts, self.others = items, 0, {}, []
        def step(self):
            value = self.items[self.done]
            number = _opt_number(value)
            self.done += 1
            if number is None:
                self.others.append(value)
            else:
                self.counts[number] = self.counts.get(number, 0) + 1
        def __contains__(self, value):
            number = _opt_number(value)
            if number is None:
                return value in self.items
            while number not in self.counts:
                if self.done >= _opt_len(self.items):
                    return value in self.others
                self.step()
            return True
        def count(self, value):
            number = _opt_number(value)
            if number is None:
                return self.items.count(value)
            while self.done < _opt_len(self.items):
                self.step()
            return self.counts.get(number, 0) + self.others.count(value)

    def _opt_view(key, items):
        if _opt_type(items) is not _opt_list:
            return items
        if key not in _opt_views:
            _opt_views[key] = _opt_View(items)
        return _opt_views[key]

    return [item for item in items if _opt_view(0, items).count(item) == 1]


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
    return best, steps
