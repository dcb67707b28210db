"""A balanced binary search tree: an AVL tree whose shape is never changed in place.

``insert`` of a new key and ``delete`` build new nodes along the one way they went down
and share all others; the new root is put in place at the very end.  So a comparison that
raises leaves the tree as it was, and an iteration that is under way keeps its tree.
"""


class Node:
    __slots__ = ("key", "left", "right", "_value", "_height")

    def __init__(self, key, value, left, right):
        self.key = key
        self._value = value
        self.left = left
        self.right = right
        a = 0 if left is None else left._height
        b = 0 if right is None else right._height
        self._height = (a if a > b else b) + 1

    def __repr__(self):
        return f"<Node {self.key!r}>"


def _height(node):
    return 0 if node is None else node._height


def _joined(top, left, right):
    """The balanced tree of *left*, the key of *top*, *right*; heights differ by <= 2."""
    lean = _height(left) - _height(right)
    if lean > 1:
        inner = left.right
        if _height(left.left) >= _height(inner):
            return Node(left.key, left._value, left.left,
                        Node(top.key, top._value, inner, right))
        return Node(inner.key, inner._value,
                    Node(left.key, left._value, left.left, inner.left),
                    Node(top.key, top._value, inner.right, right))
    if lean < -1:
        inner = right.left
        if _height(right.right) >= _height(inner):
            return Node(right.key, right._value,
                        Node(top.key, top._value, left, inner), right.right)
        return Node(inner.key, inner._value,
                    Node(top.key, top._value, left, inner.left),
                    Node(right.key, right._value, inner.right, right.right))
    return Node(top.key, top._value, left, right)


def _rebuilt(way, node):
    """The tree in which *node* hangs at the end of *way*, which is used up."""
    while way:
        parent, to_left = way.pop()
        if to_left:
            node = _joined(parent, node, parent.right)
        else:
            node = _joined(parent, parent.left, node)
    return node


class BalancedTree:
    def __init__(self):
        self.root = None
        self._size = 0

    def _find(self, key):
        """The node with this key, or None."""
        node = self.root
        while node is not None:
            if key < node.key:
                node = node.left
            elif key > node.key:
                node = node.right
            else:
                return node
        return None

    def _way(self, key):
        """The node with this key, or None, and the (node, went left) on the way there."""
        way = []
        node = self.root
        while node is not None:
            if key < node.key:
                way.append((node, True))
                node = node.left
            elif key > node.key:
                way.append((node, False))
                node = node.right
            else:
                break
        return node, way

    def insert(self, key, value=None):
        node, way = self._way(key)
        if node is not None:
            node._value = value
            return False
        self.root = _rebuilt(way, Node(key, value, None, None))
        self._size += 1
        return True

    def delete(self, key):
        node, way = self._way(key)
        if node is None:
            return False
        if node.left is None:
            rest = node.right
        elif node.right is None:
            rest = node.left
        else:  # the next key takes its place
            down = []
            heir = node.right
            while heir.left is not None:
                down.append((heir, True))
                heir = heir.left
            rest = _joined(heir, node.left, _rebuilt(down, heir.right))
        self.root = _rebuilt(way, rest)
        self._size -= 1
        return True

    def search(self, key, default=None):
        node = self._find(key)
        return default if node is None else node._value

    def __contains__(self, key):
        return self._find(key) is not None

    def __len__(self):
        return self._size

    def __iter__(self):
        waiting = []
        node = self.root
        while waiting or node is not None:
            while node is not None:
                waiting.append(node)
                node = node.left
            node = waiting.pop()
            yield node.key
            node = node.right

    def between(self, low, high):
        found = []
        waiting = []
        node = self.root
        if node is not None:
            node.key <= high  # a TypeError gets out even if no key reaches low
        while True:
            while node is not None:
                if node.key < low:
                    node = node.right
                else:
                    waiting.append(node)
                    node = node.left
            if not waiting:
                return found
            node = waiting.pop()
            if node.key > high:
                return found
            found.append(node.key)
            node = node.right

    def height(self):
        return _height(self.root)
