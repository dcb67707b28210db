"""What is measured: balances at the start, and calls. Leave this file as it is."""

SCENARIOS = {
    "two_deposits": (
        {"ann": 10},
        [("add", "ann", 5), ("add", "ann", 7)],
    ),
    "deposits_apart": (
        {"ann": 10, "bob": 20},
        [("add", "ann", 5), ("add", "bob", 7)],
    ),
    "deposit_and_move": (
        {"ann": 10, "bob": 20},
        [("add", "bob", 5), ("move", "ann", "bob", 4)],
    ),
    "one_purse": (
        {"ann": 10, "bob": 0, "cat": 0},
        [("move", "ann", "bob", 8), ("move", "ann", "cat", 9)],
    ),
    "crossing_moves": (
        {"ann": 10, "bob": 20},
        [("move", "ann", "bob", 3), ("move", "bob", "ann", 4)],
    ),
    "moves_apart": (
        {"ann": 10, "bob": 20, "cat": 30, "dan": 40},
        [("move", "ann", "bob", 3), ("move", "cat", "dan", 4)],
    ),
    "same_name": (
        {"ann": 10},
        [("open", "bob"), ("open", "bob")],
    ),
    "sum_and_move": (
        {"ann": 10, "bob": 20},
        [("total", ["bob", "ann"]), ("move", "ann", "bob", 4)],
    ),
    "sum_and_deposit": (
        {"ann": 10, "bob": 20},
        [("total", ["ann", "bob"]), ("add", "bob", 6)],
    ),
}
