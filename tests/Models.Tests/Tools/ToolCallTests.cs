using System.Text;
using System.Text.Json;
using InferenceServer.Models.Constraints;
using InferenceServer.Models.Constraints.Tokens;
using InferenceServer.Models.Tests.Constraints;
using InferenceServer.Models.Tools;

namespace InferenceServer.Models.Tests.Tools;

/// <summary>Calls under constraints, and read back from whatever pieces they come in.</summary>
public sealed class ToolCallTests
{
    private static readonly ToolSyntax Hermes = new("<tool_call>\n{\"name\": \"", "\", \"arguments\": ", "}\n</tool_call>\n<tool_call>\n{\"name\": \"", "}\n</tool_call>");

    private static readonly ToolSyntax Mistral = new("[TOOL_CALLS] [{\"name\": \"", "\", \"arguments\": ", ", \"id\": \"\u0001\"}, {\"name\": \"", ", \"id\": \"\u0001\"}]");

    private static readonly ToolDefinition[] Tools =
    [
        new("get_weather", JsonElement.Parse("""{"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false}"""), true),
        new("get", null, false),
        new("odd", JsonElement.Parse("""{"not":{}}"""), false),
    ];

    [Theory]
    [InlineData("Just text.", true)]
    [InlineData("", true)]
    [InlineData("Let me see.\n<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Rome\"}}\n</tool_call>", true)]
    [InlineData("<tool_call>\n{\"name\": \"get\", \"arguments\": {}}\n</tool_call>\n<tool_call>\n{\"name\": \"odd\", \"arguments\": {\"a\": 1}}\n</tool_call>", true)]
    [InlineData("<tool_call>\n{\"name\": \"got\"", false)]
    [InlineData("<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {}}", false)]
    [InlineData("<tool_call>\n{\"name\": \"get\", \"arguments\": {}}\n</tool_call> and more", false)]
    public void The_model_may_write_text_or_calls(string text, bool accepted) => Assert.Equal(accepted, Compile(Demand(Hermes, mustCall: false)).Accepts(text));

    [Fact]
    public void One_that_must_call_writes_no_text_and_one_call_where_several_are_not_wanted()
    {
        const string Call = "<tool_call>\n{\"name\": \"get\", \"arguments\": {}}\n</tool_call>";
        var several = Compile(Demand(Hermes, mustCall: true));
        Assert.False(several.Accepts("Hello"));
        Assert.True(several.Accepts(Call + "\n" + Call));
        var one = Compile(Demand(Hermes, mustCall: true) with { Several = false });
        Assert.True(one.Accepts("\n" + Call));
        Assert.False(one.Accepts(Call + "\n" + Call));
    }

    [Fact]
    public void An_answer_that_is_bound_may_be_json_or_a_call()
    {
        var constraint = new ConstraintCompiler(Spelling.Bytes).Tools(Demand(Hermes, mustCall: false) with { AnswerIsBound = true }, _ => false, JsonElement.Parse("""{"type":"integer"}"""));
        Assert.True(constraint.Accepts("12"));
        Assert.True(constraint.Accepts("<tool_call>\n{\"name\": \"get\", \"arguments\": {}}\n</tool_call>"));
        Assert.False(constraint.Accepts("twelve"));
    }

    [Fact]
    public void Names_of_special_tokens_are_those_tokens()
    {
        var bytes = Enumerable.Range(0, 256).Select(value => value < 0xFE ? new[] { (byte)value } : null).Append(null).Append([0xFF, .. Encoding.UTF8.GetBytes("[TOOL_CALLS]")]).ToList();
        var constraint = new ConstraintCompiler(new Vocabulary(bytes, [Spelling.End])).Tools(Demand(Mistral, mustCall: true), text => text == "[TOOL_CALLS]");
        var guide = new AnswerGuide(constraint);
        Assert.False(guide.Allowed.Contains('['));
        Assert.True(guide.Allowed.Contains(257));
        guide.Accept(257);
        foreach (var value in " [{\"name\": \"get\", \"arguments\": {}, \"id\": \"a1b2C3d4e\"}]"u8)
        {
            Assert.True(guide.Allowed.Contains(value), $"{(char)value}");
            guide.Accept(value);
        }

        Assert.True(guide.IsComplete);
    }

    [Fact]
    public void A_schema_that_cannot_be_enforced_is_refused_for_strict_tools()
    {
        var demand = Demand(Hermes, mustCall: true) with { Tools = [new ToolDefinition("odd", JsonElement.Parse("""{"not":{}}"""), true)] };
        var problem = Assert.Throws<ConstraintException>(() => Compile(demand));
        Assert.Equal(ConstraintProblem.Unsupported, problem.Problem);
        Assert.Contains("'odd'", problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(1000)]
    public void Calls_are_read_from_pieces_of_any_size(int size)
    {
        const string Hermesian = "Well <tool then.\n\n<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"a } \\\" {\"}}\n</tool_call>\n<tool_call>\n{\"name\": \"get\", \"arguments\": {}}\n</tool_call>";
        Assert.Equal("Well <tool then.|get_weather({\"city\": \"a } \\\" {\"})|get({})", Read(Demand(Hermes, mustCall: false), Hermesian, size));
        Assert.Equal("No call <tool", Read(Demand(Hermes, mustCall: false), "No call <tool", size));
        const string Mistralian = "[TOOL_CALLS] [{\"name\": \"get\", \"arguments\": {}, \"id\": \"a1b2C3d4e\"}, {\"name\": \"odd\", \"arguments\": {\"a\":[1]}, \"id\": \"000000000\"}]";
        Assert.Equal("|get({})|odd({\"a\":[1]})", Read(Demand(Mistral, mustCall: true), Mistralian, size));
        Assert.Equal("|get({})", Read(Demand(ToolSyntax.Plain, mustCall: true), " {\"name\": \"get\", \"arguments\": {}}", size));
        var llama = new ToolSyntax("{\"name\": \"", "\", \"parameters\": ", null, "}");
        Assert.Equal("|get({})", Read(Demand(llama, mustCall: false), "{\"name\": \"get\", \"parameters\": {}}", size));
        Assert.Equal("{\"nam", Read(Demand(llama, mustCall: false), "{\"nam", size));
        Assert.Equal("Hi {}", Read(Demand(llama, mustCall: false), "Hi {}", size));
    }

    private static ToolDemand Demand(ToolSyntax syntax, bool mustCall) => new() { Tools = Tools, Syntax = syntax, MustCall = mustCall, Several = true };

    private static AnswerConstraint Compile(ToolDemand demand) => new ConstraintCompiler(Spelling.Bytes).Tools(demand, _ => false);

    // Content|name(arguments)|…
    private static string Read(ToolDemand demand, string text, int size)
    {
        var reader = new ToolCallReader(demand);
        var (content, calls) = ("", new List<(string Name, string Arguments)>());
        var pieces = text.Chunk(size).SelectMany(part => reader.Append(new string(part))).ToList();
        foreach (var piece in pieces.Concat(reader.Flush()))
        {
            if (piece is ToolPiece.Content some) content += some.Text;
            if (piece is ToolPiece.Begun call) calls.Add((call.Name, ""));
            if (piece is ToolPiece.Arguments more) calls[more.Index] = calls[more.Index] with { Arguments = calls[more.Index].Arguments + more.Text };
        }

        Assert.Equal(calls.Count, reader.Complete);
        return string.Join('|', calls.Select(call => $"{call.Name}({call.Arguments})").Prepend(content));
    }
}
