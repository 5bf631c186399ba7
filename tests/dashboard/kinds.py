"""Every kind of event that the source of the apps can record, of whatever family."""

import ast
import itertools
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tests.environment import ROOT

APPS = ("botworker", "dashboard", "economy")
SINKS = {"record_event", "Fact", "Record", "Turn"}  # each takes a kind, by name or first

Function = ast.FunctionDef | ast.AsyncFunctionDef


def kinds_of_the_project() -> set[str]:
    """Return every kind. Raises `AssertionError` for a call whose kind cannot be told."""
    found: set[str] = set()
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            found |= kinds_of(path.read_text(), str(path.relative_to(ROOT)))
    return found


def kinds_of(source: str, name: str) -> set[str]:
    """Return every kind that one module records."""
    module = ast.parse(source)
    found: set[str] = set()
    for call, function in _calls(module, function=None):
        if _called(call) in SINKS:
            found |= _Scope(module, function, name).values(_argument(call, "kind", 0))
    return found


class _Scope(NamedTuple):
    """Where an expression stands."""

    module: ast.Module
    function: Function | None
    name: str

    def values(self, expression: ast.expr | None) -> set[str]:
        """Return every string that `expression` may be."""
        match expression:
            case ast.Constant(value=str(text)):
                return {text}
            case ast.IfExp(body=one, orelse=other):
                return self.values(one) | self.values(other)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._joined([left, right])
            case ast.JoinedStr(values=parts):
                return self._joined(parts)
            case ast.FormattedValue(value=inner):
                return self.values(inner)
            case ast.Attribute(attr="kind"):
                return set()  # of a record that was made by another of the sinks
            case ast.Name(id=variable):
                return self._of_variable(variable)
        where = f"{self.name}:{expression.lineno if expression else '?'}"
        raise AssertionError(f"{where}: which kinds of event this call records cannot be told")

    def _joined(self, parts: Iterable[ast.expr]) -> set[str]:
        return {"".join(each) for each in itertools.product(*map(self.values, parts))}

    def _of_variable(self, variable: str) -> set[str]:
        if self.function is not None:
            names = [argument.arg for argument in _arguments(self.function)]
            if variable in names:
                return self._of_argument(self.function, variable, names.index(variable))
        found: set[str] = set()
        for place in filter(None, (self.function, self.module)):
            for node in ast.walk(place):
                if isinstance(node, ast.Assign):
                    for value in _assigned(node.targets[0], node.value, variable):
                        found |= self.values(value)
            if found:
                return found
        raise AssertionError(f"{self.name}: what `{variable}` may be cannot be told")

    def _of_argument(self, function: Function, variable: str, place: int) -> set[str]:
        """What the callers of this module give; those of a sink are looked at as such."""
        if function.name in SINKS:
            return set()
        found: set[str] = set()
        for call, caller in _calls(self.module, function=None):
            if _called(call) == function.name:
                given = _argument(call, variable, place - _is_method(function))
                found |= self._replace(function=caller).values(given)
        assert found, f"{self.name}: nobody calls {function.name}"
        return found


def _calls(node: ast.AST, function: Function | None) -> Iterator[tuple[ast.Call, Function | None]]:
    """Yield every call below `node`, and the function that it stands in."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call):
            yield child, function
        inner = child if isinstance(child, Function) else function
        yield from _calls(child, inner)


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _argument(call: ast.Call, name: str, place: int) -> ast.expr | None:
    named = [keyword.value for keyword in call.keywords if keyword.arg == name]
    return named[0] if named else call.args[place] if place < len(call.args) else None


def _arguments(function: Function) -> list[ast.arg]:
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


def _is_method(function: Function) -> bool:
    return bool(function.args.args) and function.args.args[0].arg in {"self", "cls"}


def _assigned(target: ast.expr, value: ast.expr, variable: str) -> Iterator[ast.expr]:
    """Yield what an assignment gives to `variable`, also where several are given at once."""
    match target, value:
        case ast.Name(id=name), _ if name == variable:
            yield value
        case ast.Tuple(), ast.IfExp(body=one, orelse=other):
            yield from _assigned(target, one, variable)
            yield from _assigned(target, other, variable)
        case ast.Tuple(elts=targets), ast.Tuple(elts=values):
            for each, given in zip(targets, values, strict=True):
                yield from _assigned(each, given, variable)
