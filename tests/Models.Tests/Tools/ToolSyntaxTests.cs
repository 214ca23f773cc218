using InferenceServer.Models.Tokenization.ChatTemplates;
using InferenceServer.Models.Tools;

namespace InferenceServer.Models.Tests.Tools;

/// <summary>How templates of current models write calls, found out by asking them.</summary>
public sealed class ToolSyntaxTests
{
    private const string Slot = "\u0001";

    [Theory]
    [InlineData("Qwen-Qwen2.5-7B-Instruct", "<|im_end|>", "<tool_call>\n{\"name\": \"", "\", \"arguments\": ", "}\n</tool_call>\n<tool_call>\n{\"name\": \"", "}\n</tool_call>", "<tool_call>")]
    [InlineData("Qwen-Qwen3-0.6B", "<|im_end|>", "<tool_call>\n{\"name\": \"", "\", \"arguments\": ", "}\n</tool_call>\n<tool_call>\n{\"name\": \"", "}\n</tool_call>", "<tool_call>")]
    [InlineData("NousResearch-Hermes-3-Llama-3.1-8B-tool_use", "<|im_end|>", "<tool_call>\n{\"name\": \"", "\", \"arguments\": ", "}\n</tool_call>\n<tool_call>\n{\"name\": \"", "}\n</tool_call>", "<tool_call>")]
    [InlineData("mistralai-Ministral-3-14B-Reasoning-2512", "</s>", "[TOOL_CALLS]", "[ARGS]", "[TOOL_CALLS]", "", "[TOOL_CALLS]")]
    [InlineData("meetkai-functionary-medium-v3.1", "<|eom_id|>", "<function=", ">", "</function><function=", "</function>", "<function=")]
    [InlineData("meta-llama-Llama-3.1-8B-Instruct", "<|eot_id|>", "{\"name\": \"", "\", \"parameters\": ", null, "}", null)]
    [InlineData("meta-llama-Llama-3.3-70B-Instruct", "<|eot_id|>", "{\"name\": \"", "\", \"parameters\": ", null, "}", null)]
    public void Templates_show_how_calls_are_written(string template, string end, string begin, string between, string? separator, string after, string? marker)
    {
        var syntax = ToolSyntaxProbe.Find(Load(template), [end])!;
        Assert.Equal((begin, between, separator, after, marker), (syntax.Begin, syntax.Between, syntax.Separator, syntax.End, syntax.Marker));
        Assert.True(syntax.IsTold);
    }

    [Theory]
    [InlineData("google-gemma-2-2b-it")]
    [InlineData("Qwen3-Coder")]
    [InlineData("google-gemma-4-31B-it")]
    public void Templates_without_calls_or_with_calls_in_no_json_are_told_apart(string template) => Assert.Null(ToolSyntaxProbe.Find(Load(template), []));

    [Fact]
    public void Arguments_are_given_as_text_where_a_template_wants_text()
    {
        var syntax = ToolSyntaxProbe.Find(Load("deepseek-ai-DeepSeek-R1-Distill-Llama-8B"), ["<｜end▁of▁sentence｜>"])!;
        Assert.True(syntax.ArgumentsAsText);
        Assert.False(syntax.IsTold);
        Assert.Equal(("<｜tool▁calls▁begin｜>", "\n```json\n"), (syntax.Marker, syntax.Between));
    }

    [Fact]
    public void What_a_template_prints_for_missing_content_is_no_part_of_a_call()
    {
        const string Source =
            "{% if tools %}{{ tools | tojson }}{% endif %}{% for m in messages %}[{{ m.role }}] {{ m.content }}{% for c in m.tool_calls or [] %}"
            + "<tool_call>{\"name\": \"{{ c.function.name }}\", \"arguments\": {{ c.function.arguments | tojson }}}</tool_call>{% endfor %}</s>{% endfor %}";
        var syntax = ToolSyntaxProbe.Find(ChatTemplate.Parse(Source), ["</s>"])!;
        Assert.Equal(("<tool_call>{\"name\": \"", "<tool_call>"), (syntax.Begin, syntax.Marker));
    }

    [Fact]
    public void Ids_in_a_call_are_slots()
    {
        const string Source =
            "{% if tools %}{{ tools | tojson }}{% endif %}{% for m in messages %}{% if m.tool_calls is defined %}[TOOL_CALLS] [{% for c in m.tool_calls %}"
            + "{% if c.id | length != 9 %}{{ raise_exception('nine') }}{% endif %}{\"name\": \"{{ c.function.name }}\", \"arguments\": {{ c.function.arguments | tojson }}, \"id\": \"{{ c.id }}\"}"
            + "{% if not loop.last %}, {% endif %}{% endfor %}]</s>{% else %}[{{ m.role }}] {{ m.content }}{% endif %}{% endfor %}";
        var syntax = ToolSyntaxProbe.Find(ChatTemplate.Parse(Source), ["</s>"])!;
        Assert.Equal("TOOL_CALLS] [{\"name\": \"", syntax.Begin.TrimStart('['));
        Assert.Equal((", \"id\": \"" + Slot + "\"}, {\"name\": \"", ", \"id\": \"" + Slot + "\"}]"), (syntax.Separator, syntax.End));
        Assert.True(syntax.ShortIds);
    }

    private static ChatTemplate Load(string name)
    {
        var data = Environment.GetEnvironmentVariable("REFERENCE_DATA");
        Assert.SkipWhen(data is null, "REFERENCE_DATA is not set.");
        return ChatTemplate.Parse(File.ReadAllText(Path.Combine(data!, "chat", "templates", name + ".jinja")), new Dictionary<string, string> { ["bos_token"] = "<s>", ["eos_token"] = "</s>" });
    }
}
