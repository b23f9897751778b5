"""JavaScript configurations: what is worked out, and what is said not to be known."""

import pytest

from splitter.managers._javascript import exported, literal
from splitter.managers._js_values import Unknown

ENV = {"SET": "yes", "NODE_ENV": "production"}
FILES = {"/app/base.js": "module.exports = { port: 80, name: 'base' }", "/app/v.json": '{"v": [1, 2]}'}


def value(expression, before=""):
    return exported(f"{before}\nmodule.exports = {expression}", "/app/c.js", ENV, "/run", FILES.get)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        pytest.param(
            "{a: 1, 'b-c': [true, null], [`d${1}`]: .5,}", {"a": 1, "b-c": [True, None], "d1": 0.5}, id="literals"
        ),
        pytest.param(r"'a\n\x41\u{42}' + \"c\"".replace('\\"', '"'), "a\nABc", id="escapes"),
        pytest.param("process.env.SET", "yes", id="a variable that is set"),
        pytest.param("process.env.NO || 'd'", "d", id="a default"),
        pytest.param("process.env.NO ?? 'd'", "d", id="the other default"),
        pytest.param("process.env.NODE_ENV === 'production' ? 1 : 2", 1, id="a choice"),
        pytest.param("parseInt(process.env.N || '4', 10) + 1", 5, id="a number of a text"),
        pytest.param("-1 * 2", -2, id="arithmetic"),
        pytest.param("require('path').join(__dirname, '..', 'x')", "/x", id="path.join"),
        pytest.param("require('node:path').resolve('x')", "/run/x", id="path.resolve"),
        pytest.param("require('./base').port", 80, id="another file"),
        pytest.param("({ ...require('./base'), port: 1 })", {"port": 1, "name": "base"}, id="spread"),
        pytest.param("require('./v.json').v[1]", 2, id="a json file"),
        pytest.param("Object.assign({}, {a: 1}, {b: 2})", {"a": 1, "b": 2}, id="Object.assign"),
        pytest.param("['a', 'b'].map((n, i) => ({ n, i }))", [{"n": "a", "i": 0}, {"n": "b", "i": 1}], id="map"),
        pytest.param("[1].concat([2], 3).join('-')", "1-2-3", id="concat and join"),
        pytest.param("[0, 'x'].filter(Boolean)", ["x"], id="filter(Boolean)"),
        pytest.param("!process.env.NO && 'x'", "x", id="not"),
        pytest.param("`a${process.env.SET}`", "ayes", id="a template"),
    ],
)
def test_expressions(expression, expected):
    assert value(expression) == expected


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        pytest.param("const x = 3", 3, id="a constant"),
        pytest.param("const { SET: x } = process.env", "yes", id="taken out of an object"),
        pytest.param("const { NO: y, NO2 = 5 } = process.env; const x = NO2", 5, id="with a default"),
        pytest.param("let x = 1; if (process.env.SET) { x = 2 } else { x = 3 }", 2, id="a condition"),
        pytest.param("function f(a, b = 2) { const c = a + b; return c } const x = f(1)", 3, id="a function"),
        pytest.param("const x = []; x.push(1); x.push(2)", [1, 2], id="push"),
        pytest.param("const x = {}; x.a = 1", {"a": 1}, id="a member that is set"),
        pytest.param("import p from 'path'; const x = p.basename('/a/b')", "b", id="an import"),
        pytest.param("let x = 1; for (const i of [1]) { x = i }", None, id="a loop makes unknown what it sets"),
        pytest.param("let x = 1; if (foo()) { x = 2 }", None, id="so does an unknown condition"),
        pytest.param("const x = require('dotenv').config()", None, id="a module that is not at hand"),
        pytest.param("const x = require('./no')", None, id="a file that is not at hand"),
        pytest.param("const x = (() => { throw 1 })", None, id="a function is no value"),
    ],
)
def test_statements(before, expected):
    got = value("{ x }", before)["x"]
    assert got == expected if expected is not None else not isinstance(got, str | int | list | dict)


def test_lines_are_kept():
    got = value("[\n{a: 1},\n\n{b: f()}]")
    assert [o.line for o in got] == [3, 5]
    assert got[1]["b"] == Unknown("`f()` is known only when it runs", 5)
    assert literal("\n{a: x}", "/x.json").line == 2


@pytest.mark.parametrize(
    "before",
    [
        pytest.param("let x = 'ab'; " + "x = x + x; " * 60, id="a text that doubles"),
        pytest.param("let x = [1]; " + "x = [...x, ...x]; " * 60, id="a list that doubles"),
        pytest.param("let x = 9; " + "x = x * x; " * 60, id="a number that grows"),
        pytest.param("const f = (n) => f(n + 1); let x = f(0)", id="a function without an end"),
        pytest.param("let x = " + "(" * 3000 + ")" * 3000, id="deep nesting"),
        pytest.param("const x = []; x.push(x)", id="a list in itself"),
    ],
)
def test_hostile_texts_end(before):
    value("{ x }", before)


def test_a_broken_text_says_so():
    got = exported("module.exports = {", "/c.js", {}, "/", FILES.get)
    assert isinstance(got, Unknown)
    assert "JavaScript" in got.what
