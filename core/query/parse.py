"""From the text of a query to patterns."""

from typing import NoReturn

import msgspec
from msgspec.structs import replace

from core.errors import WrongUse
from core.model.graph import ALL_DEPTYPES
from core.query.node import NodeBuilder
from core.query.pattern import NEW_COMPILER_NAMES, EdgePattern, NodePattern
from core.query.query import Query
from core.query.tokens import Token, refuse, tokens


def parse_query(text: str) -> Query:
    """The query that `text` stands for, in Spack's spec syntax.

    Raises:
        WrongUse: the text is empty or no spec; the detail says where it goes wrong.
    """
    parser = _Parser(text)
    alternatives: list[NodePattern] = []
    while parser.peek() is not None:
        alternatives.append(parser.spec())
    if not alternatives:
        raise WrongUse("The query is empty", hint="Type a name, such as hdf5")
    return Query(text, tuple(alternatives))


class _Dependency(msgspec.Struct):
    """A dependency while its own direct dependencies are still being read."""

    edge: EdgePattern
    direct: list[EdgePattern] = msgspec.field(default_factory=list[EdgePattern])

    def finished(self) -> EdgePattern:
        return replace(self.edge, node=replace(self.edge.node, edges=tuple(self.direct)))


class _Parser:
    def __init__(self, text: str):
        self._text = text
        self._tokens = list(tokens(text))
        self._next = 0

    def peek(self) -> Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _take(self) -> Token:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _refuse(self, problem: str, token: Token | None) -> NoReturn:
        refuse(problem, self._text, token.position if token else len(self._text))

    def spec(self) -> NodePattern:
        """The next spec: a node and its dependencies."""
        start = self._next
        root = self._node()
        root_edges: list[EdgePattern] = []
        dependencies: list[_Dependency] = []
        while (token := self.peek()) and token.kind == "edge":
            edge = self._edge(self._take())
            if not edge.direct:
                dependencies.append(_Dependency(edge))
            elif dependencies:
                dependencies[-1].direct.append(edge)
            else:
                root_edges.append(edge)
        if self._next == start:
            self._refuse("A spec cannot begin here", self.peek())
        found = (dependency.finished() for dependency in dependencies)
        return replace(root, edges=(*root_edges, *found))

    def _edge(self, sigil: Token) -> EdgePattern:
        virtuals, deptypes = sigil.virtuals, frozenset[str]()
        if sigil.has_properties:
            virtuals, deptypes = self._properties()
        start = self._next
        node = self._node()
        if self._next == start:
            self._refuse(f"A package is missing after {sigil.text}", self.peek())
        direct = sigil.text != "^"
        if direct:
            node = replace(node, name=NEW_COMPILER_NAMES.get(node.name, node.name))
        return EdgePattern(node, direct, frozenset(virtuals), deptypes)

    def _properties(self) -> tuple[tuple[str, ...], frozenset[str]]:
        """What stands in the brackets of `^[virtuals=mpi deptypes=link]`."""
        virtuals: tuple[str, ...] = ()
        deptypes = frozenset[str]()
        while (token := self.peek()) and token.kind == "pair":
            values = tuple(part.strip() for part in self._take().value.split(","))
            if token.text == "virtuals":
                virtuals += values
            elif token.text == "deptypes":
                deptypes = frozenset(ALL_DEPTYPES if values == ("all",) else values)
                if not deptypes <= set(ALL_DEPTYPES):
                    self._refuse("deptypes are build, link, run and test", token)
            else:
                self._refuse("Only virtuals= and deptypes= can be asked of a dependency", token)
        if token is None or token.kind != "end":
            self._refuse("A ] is missing", token)
        return virtuals + self._take().virtuals, deptypes

    def _node(self) -> NodePattern:
        """The next node without its dependencies; takes nothing if none begins here."""
        builder = NodeBuilder(self._refuse)
        while (token := self.peek()) and builder.accepts(token):
            builder.add(self._take())
        return builder.finished()
