"""Find the slow lines of functions by counting operations, and make them faster.

Only the operands of the slow operations are replaced: ``x in items`` becomes
``x in _opt_view(0, items)``, where the view looks a value up by a number that equal
values share.  A candidate is taken only if ``compare`` proves it.
"""

import ast
import copy
import itertools
import json
import re
import sys
import types

SIZES = (10, 80)
SEEDS = range(5)
SLOW = 24

_FILE = "<profiled source>"
_module_numbers = itertools.count(1)


# --- counting -----------------------------------------------------------------------

class _Item:
    """An element of a list argument, which counts what is done with it."""

    __slots__ = ("value", "counter")

    def __init__(self, value, counter):
        self.value = value
        self.counter = counter

    def _count(self):
        frame = sys._getframe(2)
        while frame is not None:
            if frame.f_code.co_filename == _FILE:
                line = frame.f_lineno
                self.counter[line] = self.counter.get(line, 0) + 1
                return
            frame = frame.f_back

    def __eq__(self, other):
        self._count()
        return self.value == (other.value if type(other) is _Item else other)

    def __ne__(self, other):
        self._count()
        return self.value != (other.value if type(other) is _Item else other)

    def __lt__(self, other):
        self._count()
        return self.value < (other.value if type(other) is _Item else other)

    def __gt__(self, other):
        self._count()
        return self.value > (other.value if type(other) is _Item else other)

    def __hash__(self):
        self._count()
        return hash(self.value)


def _call(source, name, arguments):
    """Call the function on a newly loaded module: (value, None) or (None, exception)."""
    module = types.ModuleType(f"profiled_source_{next(_module_numbers)}")
    sys.modules[module.__name__] = module
    try:
        exec(compile(source, _FILE, "exec", dont_inherit=True), module.__dict__)
        function = getattr(module, name)
        try:
            return function(*arguments), None
        except BaseException as error:
            return None, error
    finally:
        sys.modules.pop(module.__name__, None)


def profile(source, name, arguments):
    """Make one call; return the number of operations of each line that has any."""
    counter = {}
    wrapped = [
        [_Item(element, counter) for element in argument]
        if isinstance(argument, list)
        else argument
        for argument in arguments
    ]
    _call(source, name, wrapped)
    return dict(sorted(counter.items()))


def _line_counts(source, name, make_input):
    """The counts of the lines at each size."""
    result = []
    for n in SIZES:
        lines = {}
        for seed in SEEDS:
            for line, count in profile(source, name, make_input(n, seed)).items():
                lines[line] = lines.get(line, 0) + count
        result.append(lines)
    return result


def _slow(line_counts):
    small, large = line_counts
    return sorted(
        line for line, count in large.items() if count > SLOW * max(small.get(line, 0), 1)
    )


def _totals(line_counts):
    return [sum(lines.values()) for lines in line_counts]


def slow_lines(source, name, make_input):
    """The numbers of the lines whose count grows more than 24 times."""
    return _slow(_line_counts(source, name, make_input))


# --- proving ------------------------------------------------------------------------

def _same(one, other):
    """Whether the values are equal and of the same type, in lists and tuples, too."""
    return type(one) is type(other) and one == other


def compare(source, candidate, name, make_input):
    """Whether the function of candidate may take the place of the one of source."""
    before = _totals(_line_counts(source, name, make_input))
    after = _totals(_line_counts(candidate, name, make_input))
    results = arguments = True
    for n in SIZES:
        for seed in SEEDS:
            left, right = make_input(n, seed), make_input(n, seed)
            value, error = _call(source, name, list(left))
            new_value, new_error = _call(candidate, name, list(right))
            if error is None and new_error is None:
                results = results and _same(value, new_value)
            elif error is None or new_error is None:
                results = False
            elif type(error).__name__ != type(new_error).__name__:
                results = False
            arguments = arguments and _same(list(left), list(right))
    # after[1] / after[0] > before[1] / before[0] / 2, without fractions
    grows = 2 * after[1] * max(before[0], 1) > before[1] * max(after[0], 1)
    if not results:
        reason = "results"
    elif not arguments:
        reason = "arguments"
    elif after[1] >= before[1] or grows:
        reason = "growth"
    else:
        reason = ""
    return {"before": before, "after": after, "reason": reason, "proved": not reason}


# --- generating ---------------------------------------------------------------------

_PREAMBLE = '''\
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
    if key not in _opt_views or _opt_views[key].items is not items:
        _opt_views[key] = _opt_View(items)
    return _opt_views[key]

'''


def _find(source, name):
    found = None
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            found = node
    return found


def _has_docstring(function):
    return ast.get_docstring(function, clean=False) is not None


def _bound_otherwise(body):
    """Names that are bound or declared by something else than a Name node."""
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, (ast.Attribute, ast.keyword, ast.Constant, ast.Name)):
                continue
            for _, value in ast.iter_fields(node):
                for text in value if isinstance(value, list) else [value]:
                    if isinstance(text, str):
                        yield text


def _is_method_call(node, method):
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.attr == method
        and len(node.args) == 1
        and not node.keywords
        and not isinstance(node.args[0], ast.Starred)
    )


def _targets(function):
    """The Name nodes that can be replaced by views."""
    parameters = function.args.posonlyargs + function.args.args + function.args.kwonlyargs
    allowed, wanted, started = set(), set(), set()
    for statement in function.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Compare):
                for operator, right in zip(node.ops, node.comparators):
                    if isinstance(operator, (ast.In, ast.NotIn)) and isinstance(right, ast.Name):
                        # in a chain, the operand may be compared once more
                        if right is node.comparators[-1]:
                            wanted.add(right)
            elif _is_method_call(node, "count"):
                wanted.add(node.func.value)
            elif isinstance(node, ast.Call):
                if (
                    isinstance(node.func, ast.Name)
                    and node.func.id == "len"
                    and len(node.args) == 1
                    and not node.keywords
                ):
                    allowed.add(node.args[0])
            elif isinstance(node, (ast.For, ast.comprehension)):
                allowed.add(node.iter)
            elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
                allowed.add(node.value)
            elif isinstance(node, ast.Return):
                allowed.add(node.value)
            elif isinstance(node, ast.Expr) and _is_method_call(node.value, "append"):
                allowed.add(node.value.func.value)
            elif isinstance(node, ast.Assign):
                if isinstance(node.value, ast.List) and not node.value.elts:
                    if len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                        allowed.add(node.targets[0])
                        started.add(node.targets[0].id)
    names = {parameter.arg for parameter in parameters} | started
    names.difference_update(_bound_otherwise(function.body))
    for statement in function.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and node not in allowed and node not in wanted:
                names.discard(node.id)
    return {node for node in wanted if node.id in names}


class _Replace(ast.NodeTransformer):
    """Wraps the targets, which are named by their position in a walk."""

    def __init__(self, prefix, keys, ids):
        self.prefix, self.keys, self.ids = prefix, keys, ids

    def visit_Name(self, node):
        if id(node) not in self.ids:
            return node
        view = ast.Name(self.prefix + "view", ast.Load())
        return ast.Call(view, [ast.Constant(self.keys[node.id]), node], [])


def _replaced(node, targets, prefix, keys):
    """A copy of node with the targets replaced."""
    memo = {}
    clone = copy.deepcopy(node, memo)
    ids = {id(memo[id(target)]) for target in targets if id(target) in memo}
    return _Replace(prefix, keys, ids).visit(clone)


class _Text:
    """Positions of ast nodes in a text."""

    def __init__(self, source):
        self.source = source
        self.starts = [0] + [match.end() for match in re.finditer(r"\r\n|\r|\n", source)]
        self.starts.append(len(source))

    def line_start(self, line):
        return self.starts[line - 1]

    def position(self, line, column):
        text = self.source[self.starts[line - 1]:self.starts[line]]
        return self.starts[line - 1] + len(text.encode()[:column].decode())


def _generate(source, name):
    """A source with a faster body of the function, or None."""
    function = _find(source, name)
    if function is None:
        return None
    targets = _targets(function)
    if not targets:
        return None
    used = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    used.update(_bound_otherwise([function]))
    prefix, number = "_opt_", 1
    while any(text.startswith(prefix) for text in used):
        number += 1
        prefix = f"_opt{number}_"
    keys = {}
    for key in sorted({target.id for target in targets}):
        keys[key] = len(keys)

    text = _Text(source)
    edits = []  # (from, to, new text)
    in_strings = set()
    try:
        for node in ast.walk(function):
            if isinstance(node, ast.JoinedStr):
                inside = {id(part) for part in ast.walk(node)}
                here = {target for target in targets if id(target) in inside}
                if here - in_strings:
                    in_strings |= here
                    start = text.position(node.lineno, node.col_offset)
                    end = text.position(node.end_lineno, node.end_col_offset)
                    new = ast.unparse(_replaced(node, here, prefix, keys))
                    edits.append((start, end, f"({new})"))
    except ValueError:  # an f-string that cannot be written
        return None
    for target in targets - in_strings:
        start = text.position(target.lineno, target.col_offset)
        end = text.position(target.end_lineno, target.end_col_offset)
        edits.append((start, end, f"{prefix}view({keys[target.id]}, {target.id})"))

    documented = _has_docstring(function)
    first = function.body[1 if documented else 0]
    line, column = first.lineno, first.col_offset
    if getattr(first, "decorator_list", None):
        line = first.decorator_list[0].lineno
    start = text.position(line, column)
    indent = source[text.line_start(line):start]
    lines = _PREAMBLE.replace("_opt_", prefix).splitlines()
    if not indent.strip():
        new = "".join((indent + text_line if text_line else "") + "\n" for text_line in lines)
        at = text.line_start(line)
        edits.append((at, at, new))
    else:  # something stands before it in its line
        body = function.body[0]
        at = text.position(body.lineno, body.col_offset)
        indent = source[text.line_start(body.lineno):at]
        if indent.strip():
            indent = "    "
            if documented:
                edits.append((at, at, "\n" + indent))
        new = "\n" + "".join((indent + row if row else "") + "\n" for row in lines) + indent
        edits.append((start, start, new))

    candidate = source
    for start, end, new in sorted(edits, reverse=True):
        candidate = candidate[:start] + new + candidate[end:]

    # What has come out is what was meant?
    wanted = _replaced(function, targets, prefix, keys)
    try:
        real = _find(candidate, name)
    except SyntaxError:
        return None
    added = len(ast.parse(_PREAMBLE).body)
    at = 1 if documented else 0
    del real.body[at:at + added]
    if ast.dump(real) != ast.dump(wanted):
        return None
    return candidate


def optimize(source, name, make_input):
    """Make the function faster, if that can be proved."""
    counts = _line_counts(source, name, make_input)
    result = {
        "improved": False,
        "source": source,
        "slow_lines": _slow(counts),
        "before": _totals(counts),
        "after": _totals(counts),
    }
    if result["slow_lines"]:
        candidate = _generate(source, name)
        if candidate is not None:
            proof = compare(source, candidate, name, make_input)
            if proof["proved"]:
                result.update(improved=True, source=candidate, after=proof["after"])
    return result


# --- the command --------------------------------------------------------------------

def _load_workloads():
    with open("workloads.py", "rb") as file:
        code = compile(file.read(), "workloads.py", "exec", dont_inherit=True)
    module = types.ModuleType("workloads")
    module.__file__ = "workloads.py"
    sys.modules["workloads"] = module
    exec(code, module.__dict__)
    return module.WORKLOADS


def main():
    sys.path.insert(0, "")
    with open("slow_functions.py", encoding="utf-8", newline="") as file:
        source = file.read()
    improved, benchmark = source, {}
    for name, make_input in _load_workloads().items():
        result = optimize(source, name, make_input)
        if result["improved"]:
            improved = _generate(improved, name)
        del result["source"]
        benchmark[name] = result
        print(
            f"{name}: slow lines {result['slow_lines']}, {result['before']} -> {result['after']}"
            if result["improved"]
            else f"{name}: slow lines {result['slow_lines']}, left as it is"
        )
    with open("improved_functions.py", "w", encoding="utf-8", newline="") as file:
        file.write(improved)
    with open("benchmark_results.json", "w", encoding="utf-8") as file:
        json.dump(benchmark, file, indent=2)
        file.write("\n")


if __name__ == "__main__":
    main()
