using System.Diagnostics;
using InferenceServer.Models.Tokenization.ChatTemplates;

namespace InferenceServer.Models.Tests.Tokenization.ChatTemplates;

/// <summary>A hostile template ends in an error, soon and without filling the memory.</summary>
public class LimitTests
{
    private static readonly ChatTemplateLimits Small = new() { MaxOutputLength = 1000, MaxSteps = 50_000, MaxDepth = 20 };

    [Theory]
    [InlineData("{% for a in range(1000) %}{{ 'abc' }}{% endfor %}", "grows past the limit of 1000 characters")]
    [InlineData("{% for a in range(999) %}{% for b in range(999) %}{% endfor %}{% endfor %}", "more than 50000 steps")]
    [InlineData("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "nested more than 20 deep")]
    [InlineData("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}", "only a loop marked|nested more than 20 deep")]
    [InlineData("{% macro f() %}{{ caller() }}{% endmacro %}{% macro g() %}{% call f() %}{{ g() }}{% endcall %}{% endmacro %}{{ g() }}", "nested more than 20 deep")]
    [InlineData("{% set ns = namespace(x='ab') %}{% for i in range(64) %}{% set ns.x = ns.x * 2 %}{% endfor %}", "more than 50000 steps")]
    [InlineData("{% set ns = namespace(x=[0]) %}{% for i in range(64) %}{% set ns.x = ns.x + ns.x %}{% endfor %}", "more than 50000 steps")]
    [InlineData("{% set x = 'a' * 1000000000 %}", "grows past")]
    [InlineData("{% set x = [0] * 1000000000 %}", "grows past")]
    [InlineData("{% set x = 2 ** 1000000000 %}", "grows past")]
    [InlineData("{% set x = (10 ** 4000) ** 4000 %}", "grows past")]
    [InlineData("{% set x = range(1000000000) %}", "longer than 100000")]
    [InlineData("{% set x = 'a'.center(1000000000) %}", "is above")]
    [InlineData("{% set x = '%1000000000d' % 1 %}", "is above")]
    [InlineData("{% set x = '{:1000000000}'.format(1) %}", "is above")]
    [InlineData("{% set x = 'a' | indent(1000000000, true) %}", "grows past")]
    [InlineData("{% set x = [1] | batch(1000000000, 0) | list %}", "longer than 100000")]
    [InlineData("{% set x = [1] | slice(1000000000) | list %}", "slices")]
    public void A_hostile_template_runs_into_a_limit(string template, string messages)
    {
        var parsed = ChatTemplate.Parse(template, specialTokens: (IReadOnlyDictionary<string, string>?)null, Small);
        var clock = Stopwatch.StartNew();
        var error = Assert.Throws<ChatTemplateException>(() => parsed.Render(Rendering.Input()));
        Assert.Contains(messages.Split('|'), message => error.Message.Contains(message, StringComparison.Ordinal));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"it took {clock.Elapsed}");
    }

    [Fact]
    public void Replacing_with_long_text_again_and_again_does_not_fill_the_memory()
    {
        var template = ChatTemplate.Parse("{% set a = 'x' * 3000000 %}{{ a.replace('x', a) }}");
        Assert.Contains("grows past", Assert.Throws<ChatTemplateException>(() => template.Render(Rendering.Input())).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("(", ")")]
    [InlineData("[", "]")]
    [InlineData("not ", "")]
    [InlineData("-", "")]
    [InlineData("1 if 1 else ", "")]
    [InlineData("1 + ", "")]
    [InlineData("1 ** ", "")]
    [InlineData("1 ~ [", "]")]
    public void Deep_nesting_is_an_error_and_not_a_crash(string open, string close)
    {
        var source = "{{ " + string.Concat(Enumerable.Repeat(open, 50_000)) + "1" + string.Concat(Enumerable.Repeat(close, 50_000)) + " }}";
        var error = Assert.Throws<ChatTemplateException>(() => Rendering.Render(source));
        Assert.Contains("nested too deeply", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Deeply_nested_blocks_are_an_error_and_not_a_crash()
    {
        var source = string.Concat(Enumerable.Repeat("{% if 1 %}", 50_000)) + string.Concat(Enumerable.Repeat("{% endif %}", 50_000));
        Assert.Contains("nested too deeply", Assert.Throws<ChatTemplateException>(() => Rendering.Render(source)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_conversation_stays_far_from_the_limits()
    {
        var message = $$"""{"role": "user", "content": "{{new string('x', 20_000)}}"}""";
        var variables = $$"""{"messages": [{{string.Join(',', Enumerable.Repeat(message, 400))}}]}""";
        var text = Rendering.Render("{% for m in messages %}{{ '<s>' + (m.content | trim) + '</s>' }}{% endfor %}", variables);
        Assert.Equal(400 * 20_007, text.Length);
    }
}
