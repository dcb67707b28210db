"""The class, its instances, and the old functions over the default instance."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from random import Random
from runpy import run_path
from typing import Any

from pytest_overnight.grading import CodeError
from pytest_overnight.grading import same

_reference = run_path(str(Path(__file__).with_name("inventory_model.py")))
Model, Refused = _reference["Model"], _reference["Refused"]
random_step = _reference["random_step"]

FUNCTIONS = {
    "reset": [],
    "set_currency": ["currency"],
    "add_item": ["sku", "name"],
    "receive": ["sku", "quantity", "unit_cost"],
    "ship": ["sku", "quantity"],
    "undo": [],
    "stock": ["sku"],
    "total_value": [],
    "low_stock": ["limit=5"],
    "history": ["sku=None"],
    "snapshot": [],
    "restore": ["data"],
    "report": [],
    "run_line": ["line"],
}
Target = Callable[..., Any]


def of(handle: Any) -> Target:
    """Calls of an inventory's methods: ``of(handle)("stock", sku="A1")``."""
    return lambda name, /, **given: getattr(handle, name)(**given)


def functions(code: Any) -> Target:
    """Calls of the module's functions."""
    return lambda name, /, **given: code.call(f"inventory:{name}", **given)


def outcome(target: Target, name: str, given: dict[str, Any]) -> tuple[str, Any]:
    try:
        return "result", target(name, **given)
    except Refused as refusal:
        return "refused", str(refusal)
    except CodeError as error:
        if not error.is_a("InventoryError"):
            raise
        return "refused", error.message


def agree(target: Target, model: Any, name: str, /, **given: Any) -> None:
    """Do the same to both; they must give the same."""
    verdict = same(outcome(target, name, given), outcome(of(model), name, given))
    assert verdict, f"{name}({given}): {verdict}"


def agree_in_all(target: Target, model: Any) -> None:
    for name in ("snapshot", "history", "report", "total_value", "low_stock"):
        agree(target, model, name)


def use(target: Target, model: Any, rng: Random, steps: int = 1) -> None:
    """Random calls, with refused ones among them."""
    for _ in range(steps):
        name, given = random_step(rng)
        agree(target, model, name, **given)


def undo_all(target: Target, model: Any) -> None:
    """Take back every change there is, and one more."""
    for _ in range(len(model.past) + 1):
        agree(target, model, "undo")
    agree_in_all(target, model)


# The class


def test_an_inventory_does_what_the_module_did(code: Any, rng: Random) -> None:
    inventory, model = of(code.new("inventory:Inventory")), Model()
    agree_in_all(inventory, model)
    use(inventory, model, rng, steps=200)
    agree_in_all(inventory, model)
    undo_all(inventory, model)
    agree(inventory, model, "reset")
    use(inventory, model, rng, steps=30)
    agree_in_all(inventory, model)


def test_inventories_do_not_touch_each_other(code: Any, rng: Random) -> None:
    pairs = [(functions(code), Model())]
    for step in range(60):
        if step in (0, 15, 40):
            pairs.append((of(code.new("inventory:Inventory")), Model()))
            agree_in_all(*pairs[-1])
        use(*rng.choice(pairs), rng, steps=rng.randrange(1, 9))
    for target, model in pairs:
        agree_in_all(target, model)
    agree(*pairs[1], "reset")
    for target, model in pairs:
        undo_all(target, model)


def test_each_kind_of_state_is_the_inventorys_own(code: Any) -> None:
    one, other = code.new("inventory:Inventory"), code.new("inventory:Inventory")
    assert one.total_value() == other.total_value() == 0
    one.add_item("A1", "Bolt")
    one.receive("A1", 8, "2.50")
    one.set_currency("USD")
    assert one.total_value() == 20
    assert other.total_value() == 0, "the cached value is shared"
    assert other.run_line("value") == "EUR 0.00", "the currency is shared"
    assert other.low_stock() == [], "the items are shared"
    assert other.history() == [], "the history is shared"
    with code.raises("InventoryError", match="nothing to undo"):
        other.undo()
    other.add_item("A1", "Washer")
    assert other.history() == [(1, "item", "A1", 0)], "the numbers are shared"
    other.reset()
    code.new("inventory:Inventory").add_item("A1", "Nail")
    assert one.history("A1") == [(1, "item", "A1", 0), (2, "receive", "A1", 8)]
    assert one.stock("A1") == 8
    assert one.run_line("value") == "USD 20.00"
    assert one.undo() == "A1"


SPOIL = """
def spoil(inventory):
    taken = inventory.snapshot()
    taken["items"]["A1"]["quantity"] = 99
    taken["items"]["new"] = {}
    taken["history"][0][3] = 99
    taken["history"].append([9, "item", "new", 0])
    inventory.history().clear()
    inventory.low_stock().clear()
def empty(data):
    data["items"]["A1"].clear()
    data["items"].clear()
    data["history"].clear()
"""


def test_data_is_copied_in_and_out(code: Any) -> None:
    first = code.new("inventory:Inventory")
    first.run_line("item A1 Bolt")
    first.run_line("receive A1 3 1.25")
    before = first.snapshot()
    data = code.make(before)
    one = code.new("inventory:Inventory", data)
    other = code.new("inventory:Inventory", data=data)
    first.restore(data)
    code.call("inventory:restore", data)
    code.call("inventory:run_line", "ship A1 3")
    for inventory in (one, first):
        assert same(inventory.snapshot(), before)
        inventory.ship("A1", 2)
        inventory.add_item("B2", "Washer")
    assert same(code.plain(data, depth=9), before), "the given data was changed"
    assert same(other.snapshot(), before), "two inventories share the given data"
    probe = code.define(SPOIL)
    probe.empty(data)
    probe.spoil(other)
    assert same(other.snapshot(), before), "what is returned is not a copy"
    assert other.low_stock() == ["A1"]
    assert other.history() == [(1, "item", "A1", 0), (2, "receive", "A1", 3)]
    for empty in (
        code.new("inventory:Inventory"),
        code.new("inventory:Inventory", None),
    ):
        assert empty.low_stock() == empty.history() == []


def test_a_restored_inventory_goes_on_where_the_other_was(
    code: Any, rng: Random
) -> None:
    target, model = of(code.new("inventory:Inventory")), Model()
    for _ in range(4):
        use(target, model, rng, steps=40)
        data = target("snapshot")
        use(target, model, rng, steps=20)
        agree(target, model, "restore", data=data)
        agree_in_all(target, model)
        agree(target, model, "undo")
        use(target, model, rng, steps=10)
        target = of(code.new("inventory:Inventory", target("snapshot")))
        model.restore(model.snapshot())
        agree_in_all(target, model)


def test_the_total_is_that_of_the_restored_items(code: Any) -> None:
    inventory = code.new("inventory:Inventory")
    inventory.add_item("A1", "Bolt")
    inventory.receive("A1", 8, "2.50")
    data = inventory.snapshot()
    inventory.ship("A1", 4)
    assert inventory.total_value() == 10
    inventory.restore(data)
    assert inventory.total_value() == 20


# The old functions


def test_the_old_functions_do_what_they_did(code: Any, rng: Random) -> None:
    model = Model()
    agree_in_all(functions(code), model)
    use(functions(code), model, rng, steps=200)
    agree_in_all(functions(code), model)
    undo_all(functions(code), model)


def test_functions_and_default_instance_share_one_state(code: Any, rng: Random) -> None:
    bystander = code.new("inventory:Inventory")
    targets = [functions(code), of(code.value("inventory:default_inventory"))]
    model = Model()
    for _ in range(150):
        use(rng.choice(targets), model, rng)
    for target in targets:
        agree_in_all(target, model)
    undo_all(rng.choice(targets), model)
    for target in [*targets, rng.choice(targets)]:
        use(rng.choice(targets), model, rng, steps=30)
        agree(target, model, "reset")
        for each in targets:
            agree_in_all(each, model)
            agree(each, model, "undo")
    agree_in_all(of(bystander), Model())


def test_functions_follow_a_new_default_instance(code: Any, rng: Random) -> None:
    imported = {name: code.ref(f"inventory:{name}") for name in FUNCTIONS}

    def early(name: str, /, **given: Any) -> Any:
        return imported[name](**given)

    old, old_model = code.value("inventory:default_inventory"), Model()
    use(early, old_model, rng, steps=40)
    new, model = code.new("inventory:Inventory"), Model()
    code.set_attr(code.ref("inventory"), "default_inventory", new)
    agree_in_all(early, model)
    for _ in range(80):
        use(rng.choice([early, functions(code), of(new)]), model, rng)
    agree(early, model, "reset")
    use(early, model, rng, steps=20)
    agree(early, model, "restore", data=new.snapshot())
    agree_in_all(of(new), model)
    agree_in_all(of(old), old_model)


def test_functions_only_pass_the_call_on(code: Any) -> None:
    lines = ["import inventory", "seen = []", "class Spy(inventory.Inventory):"]
    for name, parameters in FUNCTIONS.items():
        names = ", ".join(parameter.split("=")[0] for parameter in parameters)
        lines.append(f"    def {name}({', '.join(['self', *parameters])}):")
        lines.append(f"        seen.append(('{name}', [{names}]))")
        lines.append(f"        return 'from {name}'")
    probe = code.define("\n".join([*lines, "spy = Spy.__new__(Spy)"]))
    code.set_attr(code.ref("inventory"), "default_inventory", probe.spy)
    expected = []
    for name, parameters in FUNCTIONS.items():
        odd = [f"odd {parameter}" for parameter in parameters]
        result = code.call(f"inventory:{name}", *odd)
        expected.append((name, odd))
        assert same(code.plain(probe.seen, depth=3), expected)
        if name not in ("reset", "set_currency", "add_item", "restore"):
            assert same(result, f"from {name}"), f"{name} changes the result"
    code.call("inventory:low_stock")
    code.call("inventory:history")
    expected += [("low_stock", [5]), ("history", [None])]
    assert same(code.plain(probe.seen, depth=3), expected), "other defaults"


def test_main_works_on_the_default_instance(code: Any, shell: Any) -> None:
    script = "item A1 Bolt\nreceive A1 3 0.0105\nreceive B-04 x 1\nvalue\nreport\n"
    shell.write("week.txt", script)
    for _ in range(2):
        model = Model()
        inventory = code.new("inventory:Inventory")
        code.set_attr(code.ref("inventory"), "default_inventory", inventory)
        agree(functions(code), model, "add_item", sku="B-04", name="Nail")
        status, out, err = model.script(script)
        assert code.call("inventory:main", ["week.txt"]) == status
        assert code.output() == out.decode()
        assert code.output("err") == err.decode()
        agree_in_all(of(inventory), model)


VALUES = """
import decimal, inventory
KINDS = dict, list, set, tuple, bytearray, str, int, decimal.Decimal, type(None)
def values():
    return {
        name: repr(value) for name, value in vars(inventory).items()
        if name[:2] != "__" and isinstance(value, KINDS)
    }
"""


def test_no_state_is_left_in_the_module(code: Any, files: Any, rng: Random) -> None:
    probe = code.define(VALUES)
    before = probe.values()
    inventory, model = of(code.new("inventory:Inventory")), Model()
    agree_in_all(inventory, model)
    use(inventory, model, rng, steps=60)
    use(functions(code), Model(), rng, steps=60)
    agree_in_all(inventory, model)
    assert same(probe.values(), before), "a variable of the module holds state"
    names = "_currency _items _history _undo_stack _next_number _cached_value".split()
    assert [name for name in names if name in before] == []
    for name in code.imported():
        path = f"{name.replace('.', '/')}.py"
        if files.exists(path):
            left = [found for node in ast.walk(files.tree(path)) for found in odd(node)]
            assert left == [], f"not wanted in {path}"


def odd(node: ast.AST) -> list[str]:
    """A ``global`` statement, or a name that runs a copy of the old module."""
    if isinstance(node, ast.Global):
        return [f"global {', '.join(node.names)}"]
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = {alias.name for alias in node.names} | {getattr(node, "module", "")}
    else:
        names = {getattr(node, "id", ""), getattr(node, "attr", "")}
    return sorted(names & {"exec", "eval", "__import__", "importlib", "runpy"})
