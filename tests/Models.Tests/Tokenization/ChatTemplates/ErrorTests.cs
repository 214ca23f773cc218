using InferenceServer.Models.Tokenization.ChatTemplates;

namespace InferenceServer.Models.Tests.Tokenization.ChatTemplates;

public class ErrorTests
{
    [Fact]
    public void What_a_template_raises_is_the_whole_message()
    {
        var error = Assert.Throws<ChatTemplateException>(() => Rendering.Render("a\n{{ raise_exception('Only user and ' ~ 'assistant!') }}"));
        Assert.Equal("Only user and assistant!", error.Message);
        Assert.Equal(2, error.Line);
        Assert.True(error.RaisedByTemplate);
    }

    [Theory]
    [InlineData("{{ 1 }}\n\n{{ nothing.x }}", 3, "'nothing' is undefined")]
    [InlineData("{% if true %}\n{% for x in [1] %}\n{{ x + 'a' }}{% endfor %}{% endif %}", 3, "unsupported operand types for +: 'int' and 'str'")]
    [InlineData("\n{% macro f() %}\n{{ 1 // 0 }}{% endmacro %}\n{{ f() }}", 3, "division by zero")]
    [InlineData("{{ [1,\n2] | nosuch }}", 2, "no filter named 'nosuch' is supported")]
    [InlineData("{# a\nb #}\n{{ [] is nosuch }}", 3, "no test named 'nosuch' is supported")]
    public void A_mistake_at_run_time_names_its_line(string template, int line, string message)
    {
        var error = Assert.Throws<ChatTemplateException>(() => Rendering.Render(template));
        Assert.Equal($"Chat template, line {line}: {message}", error.Message);
        Assert.Equal(line, error.Line);
        Assert.False(error.RaisedByTemplate);
    }

    [Theory]
    [InlineData("a\n{% if x %}\nb", 3, "unexpected end of template, expected '{% endif %}'")]
    [InlineData("a\n{{ x ", 2, "an expression is not closed with '}}'")]
    [InlineData("\n\n{{ 'abc }}", 3, "a string is not closed")]
    [InlineData("\n{% endfor %}", 2, "unknown tag 'endfor'")]
    [InlineData("{% include 'x' %}", 1, "'include' is not supported: a chat template is one file of plain text")]
    [InlineData("{{ a\nb }}", 2, "expected '}}', got 'b'")]
    [InlineData("\n{{ [1, 2) }}", 2, "unexpected ')'")]
    public void A_mistake_in_the_syntax_names_its_line(string template, int line, string message)
    {
        var error = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(template));
        Assert.Equal($"Chat template, line {line}: {message}", error.Message);
        Assert.Equal(line, error.Line);
    }

    [Fact]
    public void An_unknown_filter_in_a_branch_that_is_not_taken_does_no_harm() =>
        Assert.Equal("a", Rendering.Render("{% if false %}{{ 1 | from_json }}{% endif %}a"));

    [Fact]
    public void A_message_must_be_an_object() =>
        Assert.Contains("every message must be a JSON object", Assert.Throws<ChatTemplateException>(() => Rendering.Render("a", """{"messages": ["hi"]}""")).Message, StringComparison.Ordinal);

    [Fact]
    public void Half_a_surrogate_pair_in_a_message_is_an_error_that_says_so() =>
        Assert.Contains("surrogate", Assert.Throws<ChatTemplateException>(() => Rendering.Render("a", """{"messages": [{"role": "user", "content": "\ud83d"}]}""")).Message, StringComparison.Ordinal);
}
