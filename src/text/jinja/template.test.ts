import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TemplateRuntimeError, TemplateSyntaxError } from "./errors.ts";
import { JinjaTemplate } from "./template.ts";
import { Float, parseJson } from "./values.ts";

const VARIABLES = {
  ...{
    a: 1,
    b: 2,
    f: 1.5,
    g: new Float(2),
    s: "Hello World",
    e: "",
    n: null,
    t: true,
    l: [3, 1, 2],
    d: { b: 2, a: 1 },
  },
  m: [
    { role: "user", content: " hi \n", x: 1 },
    {
      role: "assistant",
      content: "yo",
      tool_calls: [{ function: { name: "f", arguments: { z: [1, 2.5, null, true, 'é"\\\n'], a: {} } } }],
    },
  ],
  ...{ u: "é🦙x", q: 'it\'s "q"', nest: { x: { y: [10, 20] } }, big: 123456789012, words: ["b", "A", "c", "a"] },
  ...{ w: "  pad\n\n", lines: "a\nb\n\nc", bad: "<a&b>" },
};

// What Jinja2 3.1.6 makes of each, in the environment that transformers 5.24 compiles chat templates in; null: it fails.
const CASES: readonly (readonly [string, string | null])[] = [
  ["{{ n }}|{{ t }}|{{ f }}|{{ g }}|{{ a }}", "None|True|1.5|2.0|1"],
  ["{{ l }}|{{ d }}|{{ m }}|{{ (1,) }}|{{ (1,2) }}|{{ 1,2 }}|{{ [] }}|{{ {} }}", "[3, 1, 2]|{'b': 2, 'a': 1}|[{'role': 'user', 'content': ' hi \\n', 'x': 1}, {'role': 'assistant', 'content': 'yo', 'tool_calls': [{'function': {'name': 'f', 'arguments': {'z': [1, 2.5, None, True, 'é\"\\\\\\n'], 'a': {}}}}]}]|(1,)|(1, 2)|(1, 2)|[]|{}"],
  ["{{ q }}{{ [q] }}{{ [\"it's\"] }}{{ ['\\n\\t\\\\\\x00é\\xa0🦙'] }}", "it's \"q\"['it\\'s \"q\"'][\"it's\"]['\\n\\t\\\\\\x00é\\xa0🦙']"],
  ["{{ undefinedx }}|{{ undefinedx is defined }}|{{ d.zzz }}|{{ d['zzz'] }}", "|False||"],
  ["{{ undefinedx.y }}", null],
  ["{{ undefinedx + 1 }}", null],
  ["{{ undefinedx == undefinedy }}{{ undefinedx == none }}{{ undefinedx in l }}{{ 1 in undefinedx }}", "TrueFalseFalseFalse"],
  ["{% for x in undefinedx %}x{% else %}none{% endfor %}", "none"],
  ["{{ 1 == 1.0 }}{{ 1 == true }}{{ '1' == 1 }}{{ [] == [] }}{{ {'a':[1]} == {'a':[1.0]} }}{{ 0 == '' }}{{ none == false }}", "TrueTrueFalseTrueTrueFalseFalse"],
  ["{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7.5 // 2 }} {{ 7 / 2 }} {{ 6 / 2 }} {{ 2 ** 3 }} {{ 2 ** -1 }} {{ 2 ** 3 ** 2 }} {{ -2 ** 2 }}", "3 -4 1 2 3.0 3.5 3.0 8 0.5 64 4"],
  ["{{ 1 / 0 }}", null],
  ["{{ 1e3 }} {{ 1.5e-7 }} {{ 1e16 }} {{ 123456789.123 }} {{ 1_000 }} {{ 0x1F }} {{ 0.1 + 0.2 }} {{ 1e22 }} {{ 100000.0 * 10 }}", "1000.0 1.5e-07 1e+16 123456789.123 1000 31 0.30000000000000004 1e+22 1000000.0"],
  ["{{ 1 + 2 ~ 3 + 4 }}{{ 'a' ~ 1 ~ none ~ true ~ 1.0 }}", null],
  ["{{ 1 < 2 < 3 }}{{ 3 > 2 > 2 }}{{ 1 < 2 == true }}{{ 'a' < 'b' }}{{ [1,2] < [1,3] }}", "TrueFalseFalseTrueTrue"],
  ["{{ 1 < 'a' }}", null],
  ["{{ 'a' + 1 }}", null],
  ["{{ 'ab' * 3 }}{{ [1] * 2 }}{{ 2 * 'x' }}{{ [1] + [2] }}{{ (1,) + (2,) }}", "ababab[1, 1]xx[1, 2](1, 2)"],
  ["{{ not true or true }}{{ not (true and false) }}{{ 0 or 'x' }}{{ '' and 5 }}|{{ 5 and 6 }}|{{ none or [] }}", "TrueTruex|6|[]"],
  ["{{ 'x' if a else 'y' }}{{ 'x' if n }}|{{ 'x' if n else 'y' if n else 'z' }}", "x|z"],
  ["{{ s[0] }}{{ s[-1] }}{{ s[1:3] }}{{ s[::-1] }}{{ s[:2] }}{{ s[-3:] }}{{ l[1:] }}{{ l[::2] }}{{ u[1] }}{{ u[::-1] }}{{ u|length }}{{ l[5] }}|{{ l[-9:9] }}", "HdeldlroW olleHHerld[1, 2][3, 2]🦙x🦙é3|[3, 1, 2]"],
  ["{{ l.0 }}{{ m[0].role }}{{ m[0]['role'] }}{{ nest.x.y[1] }}{{ nest['x']['y'][-1] }}{{ m.0.role }}", "3useruser2020user"],
  ["{{ d.items() }}{{ d.keys() }}{{ d.values() }}{{ d.items()|list }}{{ d|items|list }}{{ d|list }}{{ d.get('a') }}{{ d.get('q') }}{{ d.get('q', 5) }}", "dict_items([('b', 2), ('a', 1)])dict_keys(['b', 'a'])dict_values([2, 1])[('b', 2), ('a', 1)][('b', 2), ('a', 1)]['b', 'a']1None5"],
  ["{% for k, v in d.items() %}{{ k }}={{ v }},{% endfor %}{% for k in d %}{{ k }}{% endfor %}{% for c in 'abc' %}{{ c }}.{% endfor %}", "b=2,a=1,baa.b.c."],
  ["{% for x in 5 %}{% endfor %}", null],
  ["{% for x in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.cycle('o','e') }};{% endfor %}", "1032TrueFalse31o;2121FalseFalse332e;3210FalseTrue31o;"],
  ["{% for x in l if x > 1 %}{{ x }}:{{ loop.length }}{% if not loop.last %},{% endif %}{% endfor %}", "3:2,2:2"],
  ["{% for x in l %}a{{ x }}{% if x == 1 %}{% break %}{% endif %}b{% endfor %}", "a3ba1"],
  ["{% for x in l %}a{{ x }}{% if x == 1 %}{% continue %}{% endif %}b{% endfor %}", "a3ba1a2b"],
  ["{% for x in l %}{% for y in l %}{{ loop.index }}{{ y }}{% endfor %}{{ loop.index }}{% endfor %}", "132132113213221321323"],
  ["{% set x = 0 %}{% for i in l %}{{ x }}{% set x = i %}{{ x }}{% endfor %}{{ x }}", "0301020"],
  ["{% set ns = namespace(x=0, y='q') %}{% for i in l %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}{{ ns.y }}{{ ns['x'] }}{{ ns.zz is defined }}", "6q6False"],
  ["{% set ns = namespace({'a':1}, b=2) %}{{ ns.a }}{{ ns.b }}{{ ns }}", "12<Namespace {'a': 1, 'b': 2}>"],
  ["{% if t %}{% set z = 5 %}{% endif %}{{ z }}{% if false %}{% set w2 = 1 %}{% endif %}{{ w2 is defined }}", "5False"],
  ["{% set x %}block {{ a }}{% endset %}{{ x }}{% set y | upper %}up{% endset %}{{ y }}{% set p, q2 = 1, 2 %}{{ p }}{{ q2 }}", "block 1UP12"],
  ["{% macro m1(x, y=2, z='a') %}{{ x }}{{ y }}{{ z }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m1(1) }}|{{ m1(1, z='q') }}|{{ m1(1,2,3,4,5, k=6) }}|{{ m1() }}", "12a(){}|12q(){}|123(4, 5){'k': 6}|2a(){}"],
  ["{% macro m2(x) %}{{ x }}{{ a }}{% endmacro %}{{ m2(1, 2) }}", null],
  ["{% macro m3() %}[{{ caller('in') }}]{% endmacro %}{% call(v) m3() %}body {{ v }} {{ a }}{% endcall %}", "[body in 1]"],
  ["{% macro m4(x) %}{% if x > 0 %}{{ x }}{{ m4(x - 1) }}{% endif %}{% endmacro %}{{ m4(3) }}", "321"],
  ["{% set q3 = 1 %}{% macro m5() %}{{ q3 }}{% endmacro %}{{ m5() }}{% set q3 = 2 %}{{ m5() }}", "12"],
  ["{% for i in l %}{% macro m6() %}{{ i }}{% endmacro %}{{ m6() }}{% endfor %}", "312"],
  ["{% filter upper %}abc {{ s }}{% endfilter %}{% with x=1, y=2 %}{{ x + y }}{% endwith %}{{ x is defined }}", "ABC HELLO WORLD3False"],
  ["{% raw %}{{ x }} {% if %}{% endraw %}|{#- comment -#}  | {# c #} x", "{{ x }} {% if %}||  x"],
  ["{{ s.upper() }}{{ s.lower() }}{{ s.title() }}{{ 'hELLO wORLD'.capitalize() }}{{ 'a-b c'.title() }}{{ s.swapcase() }}", "HELLO WORLDhello worldHello WorldHello worldA-B ChELLO wORLD"],
  ["{{ '  x  '.strip() }}|{{ 'xxaxx'.strip('x') }}|{{ '\\n\\n a \\n'.strip('\\n') }}|{{ 'abcab'.rstrip('ab') }}|{{ '  a'.lstrip() }}|{{ 'aXb'.lstrip('ab') }}", "x|a| a |abc|a|Xb"],
  ["{{ 'a,b,,c'.split(',') }}{{ ' a  b '.split() }}{{ 'a,b,c'.split(',', 1) }}{{ 'a b c'.split(none, 1) }}{{ 'a,b,c'.rsplit(',', 1) }}{{ ' a b  c '.rsplit(none, 1) }}{{ ''.split() }}{{ ''.split(',') }}", "['a', 'b', '', 'c']['a', 'b']['a', 'b,c']['a', 'b c']['a,b', 'c'][' a b', 'c'][]['']"],
  ["{{ 'a</think>b</think>c'.split('</think>')[-1] }}{{ 'abc'.partition('b') }}{{ 'abcb'.rpartition('b') }}{{ lines.splitlines() }}{{ 'a\\r\\nb\\rc'.splitlines(true) }}", "c('a', 'b', 'c')('abc', 'b', '')['a', 'b', '', 'c']['a\\r\\n', 'b\\r', 'c']"],
  ["{{ s.startswith('Hell') }}{{ s.endswith(('x','ld')) }}{{ s.find('o') }}{{ s.rfind('o') }}{{ s.count('l') }}{{ s.replace('l','L') }}{{ s.replace('l','L',1) }}{{ 'abc'.replace('','-') }}{{ u.find('x') }}", "TrueTrue473HeLLo WorLdHeLlo World-a-b-c-2"],
  ["{{ ', '.join(['a','b']) }}{{ '-'.join('abc') }}{{ 'x'.join([]) }}{{ 'abc'.isdigit() }}{{ '12'.isdigit() }}{{ 'aB1'.isalnum() }}{{ ''.isalpha() }}{{ 'AB'.isupper() }}{{ ' '.isspace() }}", "a, ba-b-cFalseTrueTrueFalseTrueTrue"],
  ["{{ ', '.join([1]) }}", null],
  ["{{ 'abc'.removeprefix('a') }}{{ 'abc'.removesuffix('bc') }}{{ '7'.zfill(3) }}{{ '-7'.zfill(4) }}{{ 'a'.center(5,'*') }}|{{ 'ab'.center(5) }}|{{ 'a'.ljust(3) }}|{{ 'a'.rjust(3) }}", "bca007-007**a**|  ab |a  |  a"],
  ["{{ '%s-%d-%.2f-%5s-%-5s|-%05d-%x-%r-%%' % ('a', 3, 1.239, 'r', 'l', 42, 255, 'q') }}{{ '%s' % 'x' }}{{ '%(a)s' % d }}", "a-3-1.24-    r-l    |-00042-ff-'q'-%x1"],
  ["{{ '{} {1}'.format(1,2) }}", null],
  ["{{ '{} {}'.format(1,'b') }}{{ '{0}{1}{0}'.format('a','b') }}{{ '{x:>5}|{y:.3f}|{z:,}'.format(x='a', y=3.14159, z=1234567) }}{{ '{{}}'.format() }}{{ '{:05d}|{:<4}|{:^5}|{:+}|{:%}'.format(42,'a','b',3,0.5) }}", "1 baba    a|3.142|1,234,567{}00042|a   |  b  |+3|50.000000%"],
  ["{{ s|length }}{{ l|length }}{{ d|length }}{{ l|first }}{{ l|last }}{{ [] |first }}|{{ s|first }}{{ l|sort }}{{ l|sort(reverse=true) }}{{ words|sort }}{{ words|sort(case_sensitive=true) }}{{ m|sort(attribute='role')|map(attribute='role')|list }}", "113232|H[1, 2, 3][3, 2, 1]['A', 'a', 'b', 'c']['A', 'a', 'b', 'c']['assistant', 'user']"],
  ["{{ l|join }}{{ l|join(', ') }}{{ m|join('|', attribute='role') }}{{ 'abc'|join('-') }}{{ l|sum }}{{ l|min }}{{ l|max }}{{ words|min }}{{ [1.5,2]|sum }}{{ m|sum(attribute='x') if false else 'k' }}", "3123, 1, 2user|assistanta-b-c613A3.5k"],
  ["{{ l|map('string')|list }}{{ words|map('upper')|join }}{{ m|map(attribute='x', default=9)|list }}{{ l|select('odd')|list }}{{ l|reject('equalto', 1)|list }}{{ m|selectattr('role','equalto','user')|list|length }}{{ m|rejectattr('tool_calls')|list|length }}{{ m|selectattr('x','defined')|map(attribute='x')|list }}{{ [0,1,'']|select|list }}", "['3', '1', '2']BACA[1, 9][3, 1][3, 2]11[1][1]"],
  ["{{ l|map('upper') is string }}{{ l|select('odd')|first }}{{ l|reverse|list }}{{ s|reverse }}{{ l|unique|list }}{{ [1,1,'a','A']|unique|list }}", "False3[2, 1, 3]dlroW olleH[3, 1, 2][1, 'a']"],
  ["{{ d|dictsort }}{{ d|dictsort(by='value') }}{{ d|dictsort(reverse=true) }}{{ m|groupby('role')|list|length }}{% for g, i in m|groupby('role') %}{{ g }}{{ i|length }}{% endfor %}{{ [1,2,3,4,5]|batch(2)|list }}{{ [1,2,3,4,5]|batch(2,'x')|list }}{{ [1,2,3,4,5]|slice(2)|list }}", "[('a', 1), ('b', 2)][('a', 1), ('b', 2)][('b', 2), ('a', 1)]2assistant1user1[[1, 2], [3, 4], [5]][[1, 2], [3, 4], [5, 'x']][[1, 2, 3], [4, 5]]"],
  ["{{ s|upper }}{{ s|lower }}{{ 'foo bar-baz (qux)'|title }}{{ 'aBC'|capitalize }}{{ '  x '|trim }}|{{ 'xax'|trim('x') }}{{ s|replace('o','0') }}{{ s|replace('o','0',1) }}{{ 5|string + 'a' }}{{ l|string }}{{ none|string }}", "HELLO WORLDhello worldFoo Bar-Baz (Qux)Abcx|aHell0 W0rldHell0 World5a[3, 1, 2]None"],
  ["{{ lines|indent }}|{{ lines|indent(2) }}|{{ lines|indent(2, true) }}|{{ lines|indent(2, blank=true) }}|{{ lines|indent('> ') }}|{{ w|indent(2) }}|", "a\n    b\n\n    c|a\n  b\n\n  c|  a\n  b\n\n  c|a\n  b\n  \n  c|a\n> b\n\n> c|  pad\n\n|"],
  ["{{ '3'|int }}{{ '3.7'|int }}{{ 'x'|int }}{{ 'x'|int(5) }}{{ 3.9|int }}{{ '0x1f'|int(base=16) }}{{ '2'|float }}{{ 'x'|float }}{{ true|int }}{{ -3|abs }}{{ -2.5|abs }}{{ 2.5|round }}{{ 3.14159|round(2) }}{{ 2.3|round(method='ceil') }}{{ 2|round }}", "33053312.00.0132.52.03.143.02"],
  ["{{ n|default('d') }}|{{ n|default('d', true) }}{{ zz|default('d') }}{{ zz|d }}|{{ ''|default('x', boolean=true) }}{{ zz|default }}|", "None|dd|x|"],
  ["{{ d|tojson }}{{ m|tojson }}{{ d|tojson(indent=2) }}{{ m[1]|tojson(indent=4) }}{{ s|tojson }}{{ u|tojson }}{{ u|tojson(ensure_ascii=true) }}{{ f|tojson }}{{ g|tojson }}{{ n|tojson }}{{ t|tojson }}{{ bad|tojson }}{{ (1,2)|tojson }}{{ []|tojson(indent=2) }}{{ {}|tojson }}", "{\"b\": 2, \"a\": 1}[{\"role\": \"user\", \"content\": \" hi \\n\", \"x\": 1}, {\"role\": \"assistant\", \"content\": \"yo\", \"tool_calls\": [{\"function\": {\"name\": \"f\", \"arguments\": {\"z\": [1, 2.5, null, true, \"é\\\"\\\\\\n\"], \"a\": {}}}}]}]{\n  \"b\": 2,\n  \"a\": 1\n}{\n    \"role\": \"assistant\",\n    \"content\": \"yo\",\n    \"tool_calls\": [\n        {\n            \"function\": {\n                \"name\": \"f\",\n                \"arguments\": {\n                    \"z\": [\n                        1,\n                        2.5,\n                        null,\n                        true,\n                        \"é\\\"\\\\\\n\"\n                    ],\n                    \"a\": {}\n                }\n            }\n        }\n    ]\n}\"Hello World\"\"é🦙x\"\"\\u00e9\\ud83e\\udd99x\"1.52.0nulltrue\"<a&b>\"[1, 2][]{}"],
  ["{{ {'b':1,'a':[1,{'c':2}]}|tojson(sort_keys=true) }}{{ d|tojson(separators=(',',':')) }}{{ {1:2, none:3, true:4}|tojson }}{{ 1e20|tojson }}{{ 1e16|tojson }}{{ 0.00001|tojson }}{{ '</script>\\u2028\\x7f\\x01'|tojson }}", "{\"a\": [1, {\"c\": 2}], \"b\": 1}{\"b\":2,\"a\":1}{\"1\": 4, \"null\": 3}1e+201e+161e-05\"</script>\u2028\u007f\\u0001\""],
  ["{{ zz|tojson }}", null],
  ["{{ bad|e }}{{ bad|escape }}{{ bad|safe }}{{ 'a b c'|wordcount }}{{ 'hello big world'|truncate(9) }}{{ 'hello big world'|truncate(9, true) }}{{ 'a'|center(5) }}|{{ '%s!'|format('x') }}{{ d|attr('a') }}|{{ s|attr('upper') is callable }}", "&lt;a&amp;b&gt;&lt;a&amp;b&gt;<a&b>3hello...hello ...  a  |x!|True"],
  ["{{ a is defined }}{{ a is none }}{{ n is none }}{{ n is not none }}{{ s is string }}{{ a is number }}{{ t is number }}{{ t is integer }}{{ a is integer }}{{ f is float }}{{ t is boolean }}{{ d is mapping }}{{ l is mapping }}{{ l is sequence }}{{ d is sequence }}{{ s is iterable }}{{ a is iterable }}{{ l is iterable }}{{ d.items is callable }}{{ t is true }}{{ 1 is true }}{{ a is odd }}{{ b is even }}{{ 4 is divisibleby 2 }}{{ 4 is divisibleby(3) }}{{ 'a' is lower }}{{ 'A' is upper }}{{ n is sameas none }}{{ 1 is eq 1 }}{{ 2 is gt 1 }}{{ 1 is in [1,2] }}{{ a is undefined }}{{ 'upper' is filter }}{{ zz is sequence }}{{ zz is string }}", "TrueFalseTrueFalseTrueTrueTrueFalseTrueTrueTrueTrueFalseTrueTrueTrueFalseTrueTrueTrueFalseTrueTrueTrueFalseTrueTrueTrueTrueTrueTrueFalseTrueTrueFalse"],
  ["{{ 'a' in 'abc' }}{{ 'z' not in 'abc' }}{{ 'a' in d }}{{ 2 in l }}{{ 1.0 in l }}{{ [1] in [[1]] }}{{ none in [none] }}", "TrueTrueTrueTrueTrueTrueTrue"],
  ["{{ 1 in 'abc' }}", null],
  ["{{ 'a' in none }}", null],
  ["{{ range(3)|list }}{{ range(1,4)|list }}{{ range(5,0,-2)|list }}{{ dict(a=1,b=2) }}{{ dict([('x',1)]) }}", "[0, 1, 2][1, 2, 3][5, 3, 1]{'a': 1, 'b': 2}{'x': 1}"],
  ["{% for i in range(3) %}{{ i }}{% endfor %}{{ [1,2,3][-1] }}{{ 'x' 'y' }}{{ [1,2,] }}{{ {'a':1,} }}{{ {'a': {'b': 1}}.a.b }}", "0123xy[1, 2]{'a': 1}1"],
  ["{% set j = joiner(',') %}{% for x in l %}{{ j() }}{{ x }}{% endfor %}{% set c = cycler('a','b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}", "3,1,2abab"],
  ["{{ raise_exception('no ' ~ a) }}", null],
  ["{{ l.append(4) }}", null],
  ["{{ d.update({'x':1}) }}", null],
  ["{{ s.__class__ }}|{{ d.__class__ }}", "|"],
  ["{{ d.items.x }}{{ {'items': 5}.items is callable }}{{ {'items': 5}['items'] }}{{ {'get': 1}.get('get') }}", "True51"],
  ["{%- for x in l -%} {{ x }} {%- endfor -%} |", "312|"],
  ["  {% if t %}", null],
  ["    yes", "    yes"],
  ["  {% endif %}", null],
  ["  x {% if t %} y {% endif %} z", "  x  y  z"],
  ["{%+ if t %} a {%+ endif +%}", " a "],
  ["b", "b"],
  ["  {#- c -#}  ", ""],
  ["d", "d"],
  ["  {# c #}", ""],
  ["e", "e"],
  ["{{- a -}} ", "1"],
  [" f  {{- b }} g", " f2 g"],
  ["line1", "line1"],
  ["{% if t -%}", null],
  ["   stripped", "   stripped"],
  ["{%- endif %}", null],
  ["line2", "line2"],
  ["{{ a", null],
  ["+ b }}{{ '}}' }}{{ \"{% x %}\" }}{{ '{{' }}{{ {'a':{'b':1}} }}", "+ b }}}}{% x %}{{{'a': {'b': 1}}"],
  ["{% generation %}gen{{ a }}{% endgeneration %}|{% block x %}B{% endblock %}", "gen1|B"],
  ["{% if 0 %}a{% elif '' %}b{% elif l %}c{% else %}d{% endif %}{% if not l %}x{% endif %}{% if l and not n %}y{% endif %}", "cy"],
  ["{{ m[1].tool_calls[0].function.arguments.z }}{{ m[1].tool_calls[0]['function']['name'] }}{{ m|length - 1 }}{{ (m|length - 1) * 2 }}", "[1, 2.5, None, True, 'é\"\\\\\\n']f12"],
  ["{{ -a }}{{ +a }}{{ - 1 + 2 }}{{ -l[0] }}{{ (-1)|abs }}{{ -1|abs }}{{ 2 - -1 }}{{ a-1 }}{{ 3 -1 }}", "-111-311302"],
  ["{{ \"a\\nb\\tc\\\\d\\\"e\\'f\\x41\\u00e9\\U0001F999\\101\\q\" }}{{ 'it\\'s' }}", "a\nb\tc\\d\"e'fAé🦙A\\qit's"],
  ["{{ [1,2,3]|last|string ~ 'x' }}{{ (l|sort)[0] }}{{ l|sort|first + 1 }}{{ 'a' if l|length > 2 else 'b' }}", "3x12a"],
  ["{{ {'a':1}|string }}{{ [none, true, 1.0, 'x', {'y': (1,)}]|string }}{{ ('a',)|string }}", "{'a': 1}[None, True, 1.0, 'x', {'y': (1,)}]('a',)"],
  ["{{ namespace is defined }}{{ zz.b is defined }}", null],
  ["{% for a2, b2 in [(1,2),[3,4]] %}{{ a2 }}{{ b2 }}{% endfor %}{% for (x, y), z in [((1,2),3)] %}{{ x }}{{ y }}{{ z }}{% endfor %}", "1234123"],
  ["{% for a2, b2 in [(1,2,3)] %}{% endfor %}", null],
  ["{% for x in [1,[2,[3]]] recursive %}{{ loop.depth }}{% if x is iterable %}{{ loop(x) }}{% else %}{{ x }}{% endif %}{% endfor %}", "11122233"],
  ["{% for x in [1,1,2] %}{{ loop.changed(x) }}{% endfor %}", "TrueFalseTrue"],
  ["{% do l %}", null],
  ["{% if %}", null],
  ["{% for x in l %}", null],
  ["{{ x | nosuch }}", null],
  ["{{ x is nosuch }}", null],
  ["{{ (1 }}", null],
  ["{% endif %}", null],
  ["{{ 1 +}}", null],
  ["{{ s.nosuch() }}", null],
  ["{{ s() }}", null],
  ["{{ n.x }}|{{ n['x'] }}", "|"],
  ["{{ 'abc'[1:2] }}{{ 'abc'['x'] }}|{{ l['x'] }}|{{ l[1.0] }}", "b||"],
  ["{{ 'é' == 'é' }}{{ 'ß'.upper() }}{{ 'İ'.lower()|length }}{{ 'Σ'.lower() }}", "TrueSS2σ"],
  ["{{ 5 // 0.0 }}", null],
  ["{{ 'x' is string and 'y' is string or false }}{{ not 'x' is string }}{{ 'x' is not string }}{{ not a is defined }}", "TrueFalseFalseFalse"],
  ["{{ \"%.3s|%+d|% d\" % ('abcdef', 5, 5) }}{{ '%s %s' % ('a',) }}", null],
  ["{{ '%e' % 12345.678 }}{{ '%g' % 0.0001 }}{{ '%g' % 1e10 }}{{ '%i' % 3.9 }}", "1.234568e+040.00011e+103"],
  ["{{ {'a': 1}.a }}{{ {'a': 1}['a'] }}{{ [{'a': 1}][0].a }}{{ ({'a': 1}).get('a') }}", "1111"],
  ["{{ [1,2] is iterable }}{{ caller is defined }}{{ varargs is defined }}", "TrueFalseFalse"],
  ["{{ 3 | float }}{{ '1e5'|float }}{{ 10 ** 20 }}{{ 1000000 * 1000000 }}", "3.0100000.01000000000000000000001000000000000"],
  ["{{ big }}{{ big|tojson }}{{ f * 2 }}{{ 3 * 1.0 }}{{ 10 / 4 }}{{ 10 // 4.0 }}", "1234567890121234567890123.03.02.52.0"],
  ["{{ strftime_now('%Y') | length }}{{ 'a'|urlencode }}{{ 'a b/c&d é'|urlencode }}{{ '<b>x</b> y'|striptags }}", "4aa%20b/c%26d%20%C3%A9x y"],
  ["{{ messages }}{{ tools is none }}{{ ''.join(['a', 'b'])|upper|lower }}", "Falseab"],
  ["{% macro mm(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ mm(1) }}{{ mm(b=3, a=2) }}{{ mm }}", "1123<Macro 'mm'>"],
  ["{%- set x = [1, 2] -%}{%- set y = x + [3] -%}{{ y }}{{ x }}{%- set z = y[1:] -%}{{ z }}", "[1, 2, 3][1, 2][2, 3]"],
  ["{{ 1 if true else 2, 3 }}{{ [i for i in l] }}", null],
  ["{{ l | sort(attribute='x') }}{{ [{'x':2},{'x':1}]|sort(attribute='x') }}{{ [{'x':{'y':2}},{'x':{'y':1}}]|map(attribute='x.y')|list }}", "[3, 1, 2][{'x': 1}, {'x': 2}][2, 1]"],
  ["{{ \"a\" \"b\" ~ \"c\" }}{{ 'abc'|list }}{{ 'abc'|batch(2)|map('join')|list }}{{ d|length > 1 and 'many' or 'one' }}", "abc['a', 'b', 'c']['ab', 'c']many"],
  ["{% if t %}\n  yes\n{% endif %}\nx\n", "  yes\nx"],
  ["a\n  {% if t %}\n  b\n  {%- endif %}\n\nc\n{{ a }}\nd", "a\n  b\nc\n1\nd"],
  ["  {%+ if t %}x{% endif %}\n  {{ a }}\n  {# c #}\ny\n", "  x  1\ny"],
  ["{% for x in l %}\n- {{ x }}\n{% endfor %}\nend", "- 3\n- 1\n- 2\nend"],
  ["{% for x in l -%}\n- {{ x }}\n{%- endfor +%}\nend", "- 3- 1- 2\nend"],
  ["{% raw %}\n  {{ x }}\n{% endraw %}\nz", "\n  {{ x }}\nz"],
  ["{%- raw -%}\n  {{ x }}\n{%- endraw -%}\nz", "{{ x }}z"],
  ["x   {#- c -#}   y\n{# multi\nline #}\nz", "xy\nz"],
  ["\r\na\r\n{% if t %}\r\nb\r\n{% endif %}\r\n", "\na\nb\n"],
  ["{{ a }}\n{% set x = 1 %}\n\n{{ x }}\n", "1\n\n1"],
  ["   {% set x = 1 %}   \ny", "   \ny"],
  ["\t{% if t %}\tx\n\t{% endif %}\ny", "\tx\ny"],
  ["{%- if t %}\n    {{- 'a\\n' }}\n    {%- for i in l %}\n        {{- i }}\n    {%- endfor %}\n{%- endif %}\n", "a\n312"],
]; // biome-ignore format: a case a line

test("every template gives what Jinja2 gives, or fails where it fails", () => {
  for (const [template, expected] of CASES) {
    let actual: string | null;
    try {
      actual = new JinjaTemplate(template).render(VARIABLES);
    } catch (error) {
      assert.ok(error instanceof TemplateRuntimeError || error instanceof TemplateSyntaxError, String(error));
      actual = null;
    }
    assert.equal(actual, expected, template);
  }
});

test("floats of JSON stay floats, ints stay ints", () => {
  const variables = parseJson('{"x": {"a": 1.0, "b": 1, "c": 1e2, "d": [0.5, -0.0]}}') as Record<string, unknown>;
  assert.equal(
    new JinjaTemplate("{{ x|tojson }}").render(variables),
    '{"a": 1.0, "b": 1, "c": 100.0, "d": [0.5, -0.0]}',
  );
});

test("strftime_now takes the time it is given, as Python's strftime writes it", () => {
  const now = new Date(2026, 10, 3, 9, 5, 7);
  const render = (format: string): string => new JinjaTemplate(`{{ strftime_now('${format}') }}`).render({}, now);
  assert.equal(
    render("%Y-%m-%d %H:%M:%S %b %B %a %A %d %-d %e %j %y %I%p %% %F %q"),
    "2026-11-03 09:05:07 Nov November Tue Tuesday 03 3  3 307 26 09AM % 2026-11-03 %q",
  );
});

test("a template that would run for ever or fill the memory is stopped", () => {
  const cases: [string, RegExp][] = [
    ["{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}", /more than 5000000 steps/],
    ["{% set ns = namespace(x='ab') %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}", /text or list of more than/],
    ["{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}", /steps/],
    ["{{ 'x' * 10 ** 15 }}{{ [0] * 10 ** 9 }}", /text or list of more than/],
    ["{{ '%9999999999d' % 1 }}", /text or list of more than/],
    ["{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", /calls itself more than/],
    ["{{ range(1000000) }}", /Range too big/],
    ["{% for i in range(100000) %}{{ 'y' * 1000 }}{% endfor %}", /text or list of more than/],
    [`{{ ${"(".repeat(5000)}1${")".repeat(5000)} }}`, /nests deeper/],
    [`{{ 1${"+1".repeat(30_000)} }}`, /too deep or too large/],
    ["{% if 1 %}".repeat(5000), /nests deeper/],
    ["{% set b = 'a' * 16000000 %}{% for i in range(100000) %}{% set z = b.upper() %}{% endfor %}", /steps/],
  ]; // biome-ignore format: a case a line
  for (const [template, sentence] of cases) {
    assert.throws(() => new JinjaTemplate(template).render({}), sentence, template.slice(0, 80));
  }
});

test("mutated templates render or fail by one of the two errors", () => {
  const piece = fc.constantFrom("{{", "}}", "{%", "%}", "{#", "#}", "-", "+", "|", "(", ")", "[", "]", "if ", "endif", "for x in ", "set ", "'", '"', "\\", ".", ",", ":", "~", " is ", " not ", "messages", "{", "}", "0", "1e9", "é", "\n", "raw", "macro "); // biome-ignore format: a list
  const sources = CASES.map(([template]) => template);
  fc.assert(
    fc.property(
      fc.constantFrom(...sources),
      fc.array(fc.tuple(fc.nat(), fc.nat(8), piece), { minLength: 1, maxLength: 4 }),
      (source, changes) => {
        let template = source;
        for (const [at, gone, put] of changes) {
          const from = at % (template.length + 1);
          template = template.slice(0, from) + put + template.slice(from + gone);
        }
        try {
          new JinjaTemplate(template).render(VARIABLES);
        } catch (error) {
          const known = error instanceof TemplateRuntimeError || error instanceof TemplateSyntaxError;
          assert.ok(known, `${template}\n${String((error as Error).stack)}`);
        }
      },
    ),
    { numRuns: 4000, seed: 23 },
  );
});
