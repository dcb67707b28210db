"""A weight-balanced binary search tree that rebuilds lopsided subtrees."""


class Node:
    __slots__ = ("key", "value", "left", "right", "size")

    def __init__(self, key, value):
        self.key = key
        self.value = value
        self.left = None
        self.right = None
        self.size = 1


def _size(node):
    return node.size if node is not None else 0


class BalancedTree:
    ALPHA = 0.7  # weight of a child / weight of its parent

    def __init__(self):
        self.root = None

    def _path(self, key):
        path = []
        node = self.root
        while node is not None:
            path.append(node)
            if key < node.key:
                node = node.left
            elif key > node.key:
                node = node.right
            else:
                return path, True
        return path, False

    def insert(self, key, value=None):
        path, found = self._path(key)
        if found:
            path[-1].value = value
            return False
        new = Node(key, value)
        if not path:
            self.root = new
            return True
        if key < path[-1].key:
            path[-1].left = new
        else:
            path[-1].right = new
        self._rebalance(path)
        return True

    def delete(self, key):
        path, found = self._path(key)
        if not found:
            return False
        node = path[-1]
        if node.left is not None and node.right is not None:
            heir = node.right
            path.append(heir)
            while heir.left is not None:
                heir = heir.left
                path.append(heir)
            node.key, node.value = heir.key, heir.value
            node = heir
        child = node.left if node.left is not None else node.right
        path.pop()
        self._replace(path[-1] if path else None, node, child)
        self._rebalance(path)
        return True

    def _replace(self, parent, old, new):
        if parent is None:
            self.root = new
        elif parent.left is old:
            parent.left = new
        else:
            parent.right = new

    def _rebalance(self, path):
        for node in path[::-1]:
            node.size = _size(node.left) + _size(node.right) + 1
        parent = None
        for node in path:
            heavier = max(_size(node.left), _size(node.right))
            if heavier + 1 > self.ALPHA * (node.size + 1):
                nodes = list(self._walk(node))
                self._replace(parent, node, self._build(nodes, 0, len(nodes)))
                return
            parent = node

    def _build(self, nodes, start, stop):
        if start == stop:
            return None
        middle = (start + stop) // 2
        node = nodes[middle]
        node.left = self._build(nodes, start, middle)
        node.right = self._build(nodes, middle + 1, stop)
        node.size = stop - start
        return node

    def _walk(self, node):
        stack = []
        while stack or node is not None:
            while node is not None:
                stack.append(node)
                node = node.left
            node = stack.pop()
            yield node
            node = node.right

    def search(self, key, default=None):
        path, found = self._path(key)
        return path[-1].value if found else default

    def __contains__(self, key):
        return self._path(key)[1]

    def __len__(self):
        return _size(self.root)

    def __iter__(self):
        return (node.key for node in self._walk(self.root))

    def between(self, low, high):
        result = []

        def visit(node):
            if node is None:
                return
            if low <= node.key:
                visit(node.left)
                if node.key <= high:
                    result.append(node.key)
            if node.key <= high:
                visit(node.right)

        visit(self.root)
        return result

    def height(self):
        def measure(node):
            if node is None:
                return 0
            return 1 + max(measure(node.left), measure(node.right))

        return measure(self.root)
