using System.Text.Json;
using InferenceServer.Models.Constraints.Schemas;
using InferenceServer.Models.Tokenization.ChatTemplates;

namespace InferenceServer.Models.Tools;

/// <summary>
/// Finds out how a model writes calls by letting its own chat template write some: what the template makes of an earlier
/// answer with a call is what the model was trained to write.
/// </summary>
internal sealed class ToolSyntaxProbe
{
    private const string Name = "probe_name";
    private const string Key = "probe_key";
    private const string FirstId = "a1B2c3D4e";
    private const string SecondId = "f5G6h7J8k";
    private const string LongId = "call_0123456789abcdef01234567";

    // Begins with a character that no marker begins with.
    private const string Answer = "Ǭprobe_answer";

    private static readonly JsonElement Tools = JsonElement.Parse(
        $$$"""[{"type":"function","function":{"name":"{{{Name}}}","description":"d","parameters":{"type":"object","properties":{"{{{Key}}}":{"type":"string","description":"k"}},"required":["{{{Key}}}"] } } }]""");

    private readonly ChatTemplate _template;
    private readonly IReadOnlyCollection<string> _ends;

    private ToolSyntaxProbe(ChatTemplate template, IReadOnlyCollection<string> ends) => (_template, _ends) = (template, ends);

    /// <param name="ends">Texts of the tokens that end an answer.</param>
    /// <returns>Null where the template writes no calls, or not as a name followed by a JSON object.</returns>
    public static ToolSyntax? Find(ChatTemplate template, IReadOnlyCollection<string> ends)
    {
        var probe = new ToolSyntaxProbe(template, ends);
        foreach (var asText in new[] { false, true })
        {
            var takes = false;
            foreach (var content in new[] { "null", "\"\"" })
            {
                if (probe.Find(asText, content) is { } syntax && !PrintsMissing(syntax)) return syntax;
                takes |= Takes(probe.Render(Message(content, Call(FirstId, 1, asText))));
            }

            // A template that takes objects writes them in its own way; what it would make of text is beside the point.
            if (takes) return null;
        }

        return null;
    }

    // A simple template prints what is null as Jinja does; that is no word of the model's.
    private static bool PrintsMissing(ToolSyntax syntax) => syntax.Begin.TrimStart().StartsWith("None", StringComparison.Ordinal);

    // It shows the arguments, and not as Python prints an object that was taken for text.
    private static bool Takes(string? rendering) =>
        rendering is not null && rendering.Contains("probe_value_1", StringComparison.Ordinal) && !rendering.Contains($"{{'{Key}'", StringComparison.Ordinal);

    private ToolSyntax? Find(bool asText, string content)
    {
        if (Render($$"""{"role":"assistant","content":"{{Answer}}"}""") is not { } plain) return null;
        if (Render(Message(content, Call(FirstId, 1, asText))) is not { } once) return null;
        var written = once[plain.AsSpan().CommonPrefixLength(once)..];
        if (Split(written, 0, 1) is not { } one) return null;
        var syntax = new ToolSyntax(WithSlots(written[..one.Name]), WithSlots(written[(one.Name + Name.Length)..one.Arguments]), null, End(written[one.End..]))
        {
            IsTold = Render("", tools: false) is { } untold && Render("") != untold,
            ArgumentsAsText = asText,
            ShortIds = Render(Message(content, Call(LongId, 1, asText))) is null,
        };
        // The id must be where it can be told: a slot in a marker cannot.
        if (syntax.Begin.Contains(ToolSyntax.IdSlot, StringComparison.Ordinal) || syntax.Between.Length == 0) return null;
        return syntax with { Separator = Separator(Render(Message(content, Call(FirstId, 1, asText), Call(SecondId, 2, asText))), plain, syntax) };
    }

    private string? Separator(string? twice, string plain, ToolSyntax syntax)
    {
        if (twice is null) return null;
        var written = twice[plain.AsSpan().CommonPrefixLength(twice)..];
        if (Split(written, 0, 1) is not { } one || Split(written, one.End, 2) is not { } two) return null;
        var alike = WithSlots(written[..one.Name]) == syntax.Begin
            && WithSlots(written[(two.Name + Name.Length)..two.Arguments]) == syntax.Between
            && End(written[two.End..]) == syntax.End;
        return alike ? WithSlots(written[one.End..two.Name]) : null;
    }

    // Where the first call behind a place has its name and its arguments.
    private static (int Name, int Arguments, int End)? Split(string written, int from, int value)
    {
        var name = written.IndexOf(Name, from, StringComparison.Ordinal);
        if (name < 0) return null;
        for (var at = written.IndexOf('{', name); at >= 0; at = written.IndexOf('{', at + 1))
        {
            var end = JsonScanner.EndOfObject(written, at);
            if (end < 0) continue;
            try
            {
                var json = JsonElement.Parse(written[at..end]);
                if (json.TryGetProperty(Key, out var found) && found.GetString() == $"probe_value_{value}") return (name, at, end);
            }
            catch (JsonException)
            {
                // Braces of something else.
            }
        }

        return null;
    }

    // What ends the turn is the model's to draw.
    private string End(string written)
    {
        var end = _ends.Where(text => text.Length > 0).Select(text => written.IndexOf(text, StringComparison.Ordinal)).Where(at => at >= 0).DefaultIfEmpty(written.Length).Min();
        return WithSlots(written[..end].TrimEnd());
    }

    private static string WithSlots(string text) => text
        .Replace(FirstId, ToolSyntax.IdSlot.ToString(), StringComparison.Ordinal)
        .Replace(SecondId, ToolSyntax.IdSlot.ToString(), StringComparison.Ordinal);

    private static string Call(string id, int value, bool asText)
    {
        var arguments = $$"""{"{{Key}}": "probe_value_{{value}}"}""";
        if (asText) arguments = JsonText.Quote(arguments);
        return $$$"""{"id":"{{{id}}}","type":"function","function":{"name":"{{{Name}}}","arguments":{{{arguments}}}}}""";
    }

    private static string Message(string content, params string[] calls) =>
        $$"""{"role":"assistant","content":{{content}},"tool_calls":[{{string.Join(',', calls)}}]}""";

    /// <summary>A conversation with this answer; null where the template refuses it.</summary>
    private string? Render(string answer, bool tools = true)
    {
        var messages = new List<JsonElement> { JsonElement.Parse("""{"role":"user","content":"Q"}""") };
        if (answer.Length > 0) messages.Add(JsonElement.Parse(answer));
        try
        {
            return _template.Render(new ChatTemplateInput { Messages = messages, Tools = tools ? [.. Tools.EnumerateArray()] : null, Now = DateTime.UnixEpoch });
        }
        catch (ChatTemplateException)
        {
            return null;
        }
    }
}
