using InferenceServer.Models.Tokenization.ChatTemplates;

namespace InferenceServer.Models.Tests.Tokenization.ChatTemplates;

/// <summary>Small templates and what Python's Jinja2 3.1.2 renders for them with Hugging Face's settings.</summary>
public class JinjaTableTests
{
    /// <summary>What every template of the tables can see.</summary>
    private const string Variables = "{\"s\": \" Ab c \", \"l\": [3, 1, 2], \"d\": {\"b\": 1, \"a\": [true, null, 1.5]}, \"m\": [{\"role\": \"user\", \"content\": \"hi\", \"n\": 2}, {\"role\": \"assistant\", \"content\": \"yo\", \"n\": 1}], \"e\": \"\\u4f60\\ud83d\\ude00\\u00e9\", \"u\": \"it's \\\"q\\\"\\n\"}";

    [Theory]
    [InlineData("{{ 1 }}|{{ 1.0 }}|{{ 1e16 }}|{{ 1e-5 }}|{{ 0.1 + 0.2 }}|{{ -0.0 }}|{{ 123456789.0 }}", "1|1.0|1e+16|1e-05|0.30000000000000004|-0.0|123456789.0")]
    [InlineData("{{ true }}{{ false }}{{ none }}{{ nothing }}", "TrueFalseNone")]
    [InlineData("{{ [1, 'a', none, true, 2.50, (1,), {'k': \"it's\"}] }}", "[1, 'a', None, True, 2.5, (1,), {'k': \"it's\"}]")]
    [InlineData("{{ u }}|{{ [u] }}|{{ [e, '\\t\\x01\\u200b'] }}", "it's \"q\"\n|['it\\'s \"q\"\\n']|['你\ud83d\ude00é', '\\t\\x01\\u200b']")]
    [InlineData("{{ 'a' 'b' \"c\" }}{{ 'x\\ty' }}", "abcx\ty")]
    [InlineData("{{ 1_000 + 0x1f + 0b11 + 0o17 }}", "1049")]
    [InlineData("{{ {'a': 1, 2: 'b', none: [] } }}", "{'a': 1, 2: 'b', None: []}")]
    [InlineData("{{ () }}{{ (1) }}{{ (1,) }}{{ 1, 2 }}", "()1(1,)(1, 2)")]
    [InlineData("{{ range(3) }}{{ range(1, 9, 3) | list }}", "range(0, 3)[1, 4, 7]")]
    [InlineData("{{ 10 ** 30 }} {{ 2 ** -1 }} {{ 2 ** 3 ** 2 }} {{ -2 ** 2 }}", "1000000000000000000000000000000 0.5 64 4")]
    public void Literals_and_printing_behave_as_in_Jinja2(string template, string expected) =>
        Assert.Equal(expected, Rendering.Render(template, Variables));

    [Theory]
    [InlineData("{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % -3 }} {{ -7.5 % 2 }} {{ 7 / 2 }} {{ 6 / 3 }} {{ 7.5 // 2 }}", "3 -4 -2 0.5 3.5 2.0 3.0")]
    [InlineData("{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 1 == 1.0 }} {{ true == 1 }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }}", "True False True True True True")]
    [InlineData("{{ 'a' ~ 1 ~ none ~ [1] }}", "a1None[1]")]
    [InlineData("{{ 'ab' * 3 }} {{ [0] * 2 }} {{ [1] + [2] }} {{ (1,) + (2,) }}", "ababab [0, 0] [1, 2] (1, 2)")]
    [InlineData("{{ 'b' in 'abc' }} {{ 'z' not in d }} {{ 'a' in d }} {{ 1 in l }} {{ 5 in l }}", "True True True True False")]
    [InlineData("{{ '' or 'x' }} {{ 0 and 1 }} {{ not [] }} {{ 'y' if l else 'n' }}{{ 'z' if not l }}", "x 0 True y")]
    [InlineData("{{ 'hi %s, %05.2f %d%% %r %x' % ('you', 3.14159, 7, 'q', 255) }}", "hi you, 03.14 7% 'q' ff")]
    [InlineData("{{ '%(a)s' % {'a': 1} }}", "1")]
    [InlineData("{{ +true }}{{ -true }}", "1-1")]
    [InlineData("{{ true + 1 }} {{ 3 * false }}", "2 0")]
    public void Operators_behave_as_in_Jinja2(string template, string expected) =>
        Assert.Equal(expected, Rendering.Render(template, Variables));

    [Theory]
    [InlineData("[{{ s.strip() }}] [{{ s.lstrip() }}] [{{ s.rstrip() }}] [{{ 'xxaxx'.strip('x') }}]", "[Ab c] [Ab c ] [ Ab c] [a]")]
    [InlineData("{{ 'a,b,,c'.split(',') }} {{ ' a  b '.split() }} {{ 'a,b,c'.split(',', 1) }} {{ 'a,b,c'.rsplit(',', 1) }} {{ ''.split() }} {{ ''.split(',') }}", "['a', 'b', '', 'c'] ['a', 'b'] ['a', 'b,c'] ['a,b', 'c'] [] ['']")]
    [InlineData("{{ 'a</think>b</think>c'.split('</think>')[-1] }} {{ 'x'.split('</think>')[0] }}", "c x")]
    [InlineData("{{ 'abc'.startswith('ab') }} {{ 'abc'.endswith(('x', 'c')) }} {{ 'abc'.startswith('b', 1) }}", "True True True")]
    [InlineData("{{ 'hello World'.title() }} {{ \"they're\".title() }} {{ 'hELLO'.capitalize() }} {{ 'Straße'.upper() }} {{ 'ÄÖ'.lower() }}", "Hello World They'Re Hello STRASSE äö")]
    [InlineData("{{ 'abcabc'.replace('b', 'X') }} {{ 'abcabc'.replace('b', 'X', 1) }} {{ 'ab'.replace('', '-') }}", "aXcaXc aXcabc -a-b-")]
    [InlineData("{{ 'abcb'.find('b') }} {{ 'abcb'.rfind('b') }} {{ 'abcb'.count('b') }} {{ 'abc'.find('z') }} {{ e.find('é') }}", "1 3 2 -1 2")]
    [InlineData("{{ '-'.join(['a', 'b']) }} {{ 'a-b-c'.partition('-') }} {{ 'a\\nb\\r\\nc'.splitlines() }}", "a-b ('a', '-', 'b-c') ['a', 'b', 'c']")]
    [InlineData("{{ '{} {1} {a!r:>5} {b:,} {c:.1f} {{}}'.format('x', 'y', a='q', b=1234567, c=2.25) if false else '{0} {1} {a!r:>5} {b:,} {c:.1f} {{}}'.format('x', 'y', a='q', b=1234567, c=2.25) }}", "x y   'q' 1,234,567 2.2 {}")]
    [InlineData("{{ 'ab'.center(7, '*') }} {{ 'ab'.ljust(4) }}| {{ '7'.zfill(3) }} {{ '-7'.zfill(4) }} {{ 'a'.rjust(3, '.') }}", "***ab** ab  | 007 -007 ..a")]
    [InlineData("{{ '12'.isdigit() }} {{ 'ab1'.isalnum() }} {{ 'AB'.isupper() }} {{ ' '.isspace() }} {{ 'a b'.isalpha() }}", "True True True True False")]
    [InlineData("{{ 'abc'.removeprefix('a') }}{{ 'abc'.removesuffix('c') }}{{ 'abc'.removeprefix('x') }}", "bcababc")]
    public void Strings_behave_as_in_Jinja2(string template, string expected) =>
        Assert.Equal(expected, Rendering.Render(template, Variables));

    [Theory]
    [InlineData("{{ e[0] }} {{ e[1] }} {{ e[-1] }} {{ e[::-1] }} {{ e | length }} {{ e[1:] }}", "你 \ud83d\ude00 é é\ud83d\ude00你 3 \ud83d\ude00é")]
    [InlineData("{{ l[0] }} {{ l[-1] }} {{ l[5] }} {{ l[1:] }} {{ l[:-1] }} {{ l[::-1] }} {{ l[::2] }} {{ l[-2:] }} {{ l[5:1:-2] }}", "3 2  [1, 2] [3, 1] [2, 1, 3] [3, 2] [1, 2] [2]")]
    [InlineData("{{ 'abcdef'[4:1:-1] }} {{ 'abcdef'[-100:100] }} {{ 'abcdef'[:none] }}", "edc abcdef abcdef")]
    [InlineData("{{ m[0].role }} {{ m[0]['content'] }} {{ m.0.n }} {{ m[0].missing is defined }} {{ m[0].missing }}", "user hi 2 False ")]
    [InlineData("{{ d.items() | list }} {{ d.keys() | list }} {{ d.get('b') }} {{ d.get('x', 'y') }} {{ d['items'] is callable }}", "[('b', 1), ('a', [True, None, 1.5])] ['b', 'a'] 1 y True")]
    [InlineData("{{ {'items': 1}['items'] }} {{ {'items': 1}.items is callable }}", "1 True")]
    [InlineData("{{ d.a[2] }} {{ d.a.1 is none }}", "1.5 True")]
    public void Slices_and_items_behave_as_in_Jinja2(string template, string expected) =>
        Assert.Equal(expected, Rendering.Render(template, Variables));

    [Theory]
    [InlineData("{% for x in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.first }}{{ loop.last }}{{ loop.length }};{% endfor %}", "103TrueFalse3;212FalseFalse3;321FalseTrue3;")]
    [InlineData("{% for x in l %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }} {% endfor %}", "<3>1 3<1>2 1<2> ")]
    [InlineData("{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}", "b=1;a=[True, None, 1.5];")]
    [InlineData("{% for x in l if x > 1 %}{{ loop.index }}:{{ x }}/{{ loop.length }} {% endfor %}", "1:3/2 2:2/2 ")]
    [InlineData("{% for x in [] %}a{% else %}none{% endfor %}", "none")]
    [InlineData("{% for x in l %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% if x == 2 %}{% break %}{% endif %}{% endfor %}", "32")]
    [InlineData("{% for x in [1, 1, 2] %}{{ loop.changed(x) }}{{ loop.cycle('a', 'b') }}{% endfor %}", "TrueaFalsebTruea")]
    [InlineData("{% for x in [[1, [2, 3]], [4]] recursive %}{% if x is iterable %}({{ loop(x) }}){{ loop.depth }}{% else %}{{ x }}{% endif %}{% endfor %}", "(1(23)2)1(4)1")]
    [InlineData("{% for c in e %}[{{ c }}]{% endfor %}{% for k in d %}{{ k }}{% endfor %}", "[你][\ud83d\ude00][é]ba")]
    [InlineData("{% set ns = namespace(n=0, last='') %}{% for x in l %}{% set ns.n = ns.n + x %}{% set ns.last = x %}{% set n = 9 %}{% endfor %}{{ ns.n }} {{ ns.last }} {{ n is defined }}", "6 2 False")]
    [InlineData("{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}", "123")]
    [InlineData("{% set g = l | select('gt', 1) %}{% for x in g %}{{ x }}{% endfor %}|{% for x in g %}{{ x }}{% endfor %}|", "32||")]
    public void Loops_behave_as_in_Jinja2(string template, string expected) =>
        Assert.Equal(expected, Rendering.Render(template, Variables));

    [Theory]
    [InlineData("{% macro f(a, b='B', c=a) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ f(1) }} {{ f(1, c=2) }} {{ f(b=3) }}", "1B1 1B2 3")]
    [InlineData("{% macro f() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1, 2, k=3) }}", "(1, 2){'k': 3}")]
    [InlineData("{% macro w(x) %}<{{ caller(x) }}>{% endmacro %}{% call(v) w(5) %}v={{ v }}{% endcall %}", "<v=5>")]
    [InlineData("{% set x %}  a{{ 1 + 1 }} {% endset %}[{{ x }}]{% set y | trim | upper %} b {% endset %}[{{ y }}]", "[  a2 ][B]")]
    [InlineData("{% filter upper %}ab{{ 'c' }}{% endfilter %}", "ABC")]
    [InlineData("{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{{ a is defined }}", "3False")]
    [InlineData("{% set a, b = 1, 2 %}{{ b }}{{ a }}", "21")]
    [InlineData("{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}", "3210")]
    [InlineData("{% set x = 1 %}{% macro f() %}{{ x }}{% endmacro %}{% set x = 2 %}{{ f() }}", "2")]
    [InlineData("{% generation %}a{{ 1 }}{% endgeneration %}b", "a1b")]
    [InlineData("{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{% set j = joiner('-') %}{{ j() }}1{{ j() }}2", "aba1-2")]
    [InlineData("{{ f(*[1, 2], **{'k': 3}) if f is defined else dict(a=1, **{'b': 2}) }}", "{'a': 1, 'b': 2}")]
    public void Macros_and_blocks_behave_as_in_Jinja2(string template, string expected) =>
        Assert.Equal(expected, Rendering.Render(template, Variables));

    [Theory]
    [InlineData("  {% if true %}\n  a\n  {% endif %}\nb", "  a\nb")]
    [InlineData("a\n  {%- if true -%}\n  b\n  {%- endif %}\n c\n", "ab c")]
    [InlineData("{% for x in l %}\n{{ x }}\n{% endfor %}\n", "3\n1\n2\n")]
    [InlineData("  {%+ if true +%}\n x {% endif %}", "  \n x ")]
    [InlineData("{# c #}\na {#- d -#} b\n", "ab")]
    [InlineData("{% raw %}{{ x }}{% endraw %}|{%- raw -%}  {% y %}  {%- endraw -%}  z", "{{ x }}|{% y %}z")]
    [InlineData("x {{- 1 -}} y {{ 2 }}\n", "x1y 2")]
    [InlineData("\t{% set a = 1 %}\n\t{{ a }}\r\nb\rc", "\t1\nb\nc")]
    [InlineData("a{% if true %} {% endif %}b\n\n", "a b\n")]
    public void White_space_behave_as_in_Jinja2(string template, string expected) =>
        Assert.Equal(expected, Rendering.Render(template, Variables));

    [Theory]
    [InlineData("{{ l | sort }} {{ l | sort(reverse=true) }} {{ ['b', 'A'] | sort }} {{ m | sort(attribute='n') | map(attribute='role') | list }}", "[1, 2, 3] [3, 2, 1] ['A', 'b'] ['assistant', 'user']")]
    [InlineData("{{ m | selectattr('role', 'equalto', 'user') | list | length }} {{ m | rejectattr('n', 'gt', 1) | map(attribute='content') | join(',') }}", "1 yo")]
    [InlineData("{{ l | map('string') | join('+') }} {{ l | sum }} {{ l | max }} {{ l | min }} {{ [] | max }} {{ l | first }} {{ l | last }} {{ l | reverse | list }}", "3+1+2 6 3 1  3 2 [2, 1, 3]")]
    [InlineData("{{ nothing | default('D') }} {{ '' | default('D') }} {{ '' | default('D', true) }} {{ none | d('x') }}", "D  D None")]
    [InlineData("{{ 'a\\nb\\n\\nc' | indent }}|{{ 'a\\nb' | indent(2, true) }}|{{ 'a\\n\\nb' | indent('> ', blank=true) }}", "a\n    b\n\n    c|  a\n  b|a\n> \n> b")]
    [InlineData("{{ 'hello big world' | truncate(9) }} {{ 'hello big world' | truncate(9, true) }} {{ 'ab cd' | wordcount }} {{ 'foo bar' | title }} {{ \"it's\" | title }}", "hello... hello ... 2 Foo Bar It's")]
    [InlineData("{{ d | dictsort }} {{ d | items | list }} {{ [1, 1, 2] | unique | list }} {{ 'aA' | list | unique | list }}", "[('a', [True, None, 1.5]), ('b', 1)] [('b', 1), ('a', [True, None, 1.5])] [1, 2] ['a']")]
    [InlineData("{{ d | tojson }} {{ u | tojson }} {{ e | tojson }} {{ {'b': 1, 'a': [1.0, none, true, ()]} | tojson(sort_keys=true) }}", "{\"b\": 1, \"a\": [true, null, 1.5]} \"it's \\\"q\\\"\\n\" \"你\ud83d\ude00é\" {\"a\": [1.0, null, true, []], \"b\": 1}")]
    [InlineData("{{ d | tojson(indent=2) }} {{ [] | tojson(indent=2) }} {{ {} | tojson(indent=2) }} {{ '<a>&' | tojson }}", "{\n  \"b\": 1,\n  \"a\": [\n    true,\n    null,\n    1.5\n  ]\n} [] {} \"<a>&\"")]
    [InlineData("{{ e | tojson(ensure_ascii=true) }} {{ l | tojson(separators=(',', ':')) }}", "\"\\u4f60\\ud83d\\ude00\\u00e9\" [3,1,2]")]
    [InlineData("{{ 2.5 | round }} {{ 3.5 | round }} {{ 2.675 | round(2) }} {{ 2.1 | round(0, 'ceil') }} {{ 1234 | round(-2) }} {{ 5 | round }}", "2.0 4.0 2.67 3.0 1200 5")]
    [InlineData("{{ '42' | int }} {{ 'x' | int }} {{ '3.9' | int }} {{ '0x1f' | int(base=16) }} {{ '1.5' | float }} {{ 3.99 | int }} {{ -3 | abs }}", "42 0 3 31 1.5 3 3")]
    [InlineData("{{ [1, 2, 3] | batch(2, 0) | list }} {{ [1, 2, 3] | slice(2) | list }} {{ m | groupby('role') | map('first') | list }}", "[[1, 2], [3, 0]] [[1, 2], [3]] ['assistant', 'user']")]
    [InlineData("{{ '<b>' | escape }} {{ '<b>' | safe }} {{ '<i>' | safe + '<b>' }} {{ 'a b/c&d' | urlencode }}", "&lt;b&gt; <b> <i>&lt;b&gt; a%20b/c%26d")]
    [InlineData("{{ ' x ' | trim }}|{{ 'xax' | trim('x') }}|{{ 5 | string + '0' }}|{{ 'a' | center(5) }}|{{ '%s!' | format('hi') }}|{{ 'abc' | replace('b', 'x') }}", "x|a|50|  a  |hi!|axc")]
    public void Filters_behave_as_in_Jinja2(string template, string expected) =>
        Assert.Equal(expected, Rendering.Render(template, Variables));

    [Theory]
    [InlineData("{{ 1 is number }}{{ 'a' is string }}{{ d is mapping }}{{ l is sequence }}{{ d is sequence }}{{ 'a' is sequence }}{{ l is iterable }}{{ 5 is iterable }}", "TrueTrueTrueTrueTrueTrueTrueFalse")]
    [InlineData("{{ none is none }}{{ nothing is none }}{{ nothing is defined }}{{ nothing is undefined }}{{ true is boolean }}{{ 1 is boolean }}{{ true is true }}{{ 1 is true }}{{ false is false }}", "TrueFalseFalseTrueTrueFalseTrueFalseTrue")]
    [InlineData("{{ 3 is odd }}{{ 4 is even }}{{ 9 is divisibleby 3 }}{{ 1 is integer }}{{ true is integer }}{{ 1.0 is float }}{{ 2 is eq 2 }}{{ 2 is equalto(3) }}{{ 1 is in [1] }}", "TrueTrueTrueTrueFalseTrueTrueFalseTrue")]
    [InlineData("{{ 'a' is lower }}{{ 'A' is upper }}{{ l is not string }}{{ not l is string }}{{ range is callable }}{{ 'upper' is filter }}{{ 'odd' is test }}", "TrueTrueTrueTrueTrueTrueTrue")]
    public void Tests_behave_as_in_Jinja2(string template, string expected) =>
        Assert.Equal(expected, Rendering.Render(template, Variables));

    [Theory]
    [InlineData("{{ strftime_now('%d %b %Y') }}|{{ strftime_now('%Y-%m-%d %H:%M:%S') }}|{{ strftime_now('%A, %B %-d, %j %I:%M %p %%') }}|{{ strftime_now('%U %W %V %u %w %y %e %D %T') }}", "10 Jul 2025|2025-07-10 14:05:09|Thursday, July 10, 191 02:05 PM %|27 27 28 4 4 25 10 07/10/25 14:05:09")]
    public void Time_behave_as_in_Jinja2(string template, string expected) =>
        Assert.Equal(expected, Rendering.Render(template, Variables));

    [Theory]
    [InlineData("{{ 1 + 'a' }}")]
    [InlineData("{{ nothing.x }}")]
    [InlineData("{{ nothing + 1 }}")]
    [InlineData("{{ nothing() }}")]
    [InlineData("{{ 1 / 0 }}")]
    [InlineData("{{ [1] | nosuch }}")]
    [InlineData("{{ l.append(1) }}")]
    [InlineData("{{ d.update({}) }}")]
    [InlineData("{{ l | select | length }}")]
    [InlineData("{{ 'a' < 1 }}")]
    [InlineData("{{ none | length }}")]
    [InlineData("{% for x in 5 %}{% endfor %}")]
    [InlineData("{% set l.x = 1 %}")]
    [InlineData("{{ {[]: 1} }}")]
    [InlineData("{{ range(1000000) }}")]
    [InlineData("{% macro f(a) %}{% endmacro %}{{ f(1, 2) }}")]
    [InlineData("{% macro f(a) %}{% endmacro %}{{ f(b=1) }}")]
    [InlineData("{{ (l | select) | tojson }}")]
    [InlineData("{{ nothing | tojson }}")]
    [InlineData("{{ 'abc'[::0] }}")]
    [InlineData("{% for a, b in [[1]] %}{% endfor %}")]
    [InlineData("{{ 'x'.index('y') }}")]
    [InlineData("{{ [3, 'a'] | sort }}")]
    [InlineData("{{ d | sum }}")]
    [InlineData("{{ raise_exception('no') }}")]
    [InlineData("{{ 'a' | indent(width=1, nosuch=2) }}")]
    [InlineData("{{ '%d' % 'a' }}")]
    [InlineData("{{ '{0}'.format() }}")]
    public void Mistakes_at_run_time_are_errors(string template) =>
        Assert.Equal(1, Assert.Throws<ChatTemplateException>(() => Rendering.Render(template, Variables)).Line);

    [Theory]
    [InlineData("{{ 1")]
    [InlineData("{% if true %}")]
    [InlineData("{% endif %}")]
    [InlineData("{{ 'a }}")]
    [InlineData("{% for x %}{% endfor %}")]
    [InlineData("{{ }}")]
    [InlineData("{% nosuch %}")]
    [InlineData("{# a")]
    [InlineData("{% raw %}x")]
    [InlineData("{{ (1 }}")]
    [InlineData("{{ 1 is }}")]
    [InlineData("{% set 1 = 2 %}")]
    [InlineData("{{ f(a=1, 2) }}")]
    [InlineData("{{ [1, }}")]
    [InlineData("{% break %}")]
    [InlineData("{{ a b }}")]
    [InlineData("{% macro f(a=1, b) %}{% endmacro %}")]
    [InlineData("{{ 'a' is string is string }}")]
    [InlineData("{% set true = 1 %}")]
    [InlineData("{{ a.'b' }}")]
    [InlineData("{% call 1 %}{% endcall %}")]
    [InlineData("{{ 1 ! 2 }}")]
    public void Mistakes_in_the_syntax_are_errors(string template) =>
        Assert.Equal(1, Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(template)).Line);
}
