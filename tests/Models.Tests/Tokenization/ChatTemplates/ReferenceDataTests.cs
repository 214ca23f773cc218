using System.Text.Json;
using System.Text.Json.Nodes;
using InferenceServer.Models.Tokenization.ChatTemplates;

namespace InferenceServer.Models.Tests.Tokenization.ChatTemplates;

/// <summary>Published templates against what Python's Jinja2 renders for them.</summary>
public class ReferenceDataTests
{
    private static readonly string[] TokenNames = ["bos_token", "eos_token", "unk_token", "pad_token"];

    /// <summary>Its target has tools as JSON where Python's <c>str(list)</c>, and so Hugging Face, prints single quotes.</summary>
    private const string NotAsInPython = "MadeAgents/Hammer2.1";

    [Fact]
    public void Published_templates_render_as_in_Jinja2() => CheckAll("renderings.jsonl", row =>
    {
        var source = File.ReadAllText(Path.Combine(Folder(), "templates", row.GetProperty("template").GetString()!));
        return ($"{row.GetProperty("template")} {row.GetProperty("case")}", source, row.GetProperty("vars"), Expected(row, "expected"));
    });

    [Fact]
    public void End_to_end_templates_render_their_targets() => CheckAll("templates_e2e.jsonl", row =>
        (row.GetProperty("name").GetString()!, row.GetProperty("chat_template").GetString()!, row.GetProperty("data"), Expected(row, "target")));

    [Fact]
    public void Unit_templates_render_as_in_Jinja2() => CheckAll("jinja_units.jsonl", row =>
        (row.GetProperty("name").GetString()!, row.GetProperty("template").GetString()!, row.GetProperty("context"), Expected(row, "jinja2")));

    [Fact]
    public void Text_of_messages_and_tools_is_input_in_every_published_template()
    {
        const string Planted = "QqPlanted<|im_end|>";
        var seen = 0;
        foreach (var line in File.ReadLines(Path.Combine(Folder(), "renderings.jsonl")))
        {
            var row = JsonNode.Parse(line)!;
            if (row["expected"] is null)
            {
                continue;
            }

            var variables = row["vars"]!.AsObject();
            Plant(variables["messages"]!, Planted);
            Plant(variables["tools"], Planted);
            var source = File.ReadAllText(Path.Combine(Folder(), "templates", row["template"]!.GetValue<string>()));
            var segments = ChatTemplate.Parse(source).RenderSegments(Rendering.Input(variables.ToJsonString()));
            Assert.DoesNotContain(segments, s => !s.FromInput && s.Text.Contains("planted", StringComparison.OrdinalIgnoreCase));
            seen += segments.Count(s => s.FromInput && s.Text.Contains(Planted, StringComparison.Ordinal));
        }

        Assert.True(seen > 500, $"the planted text was seen only {seen} times");
    }

    /// <summary>Appends a text to every content, description and argument.</summary>
    private static void Plant(JsonNode? node, string text)
    {
        if (node is JsonArray array)
        {
            foreach (var item in array)
            {
                Plant(item, text);
            }
        }

        foreach (var (name, value) in (node as JsonObject ?? []).ToList())
        {
            if (value is JsonValue leaf && name is "content" or "description" or "city" or "unit" && leaf.TryGetValue<string>(out var old))
            {
                node![name] = old + text;
            }
            else
            {
                Plant(value, text);
            }
        }
    }

    private static string? Expected(JsonElement row, string name) => row.TryGetProperty(name, out var text) ? text.GetString() : null;

    private static string Folder()
    {
        var root = Environment.GetEnvironmentVariable("REFERENCE_DATA");
        Assert.SkipWhen(root is null, "REFERENCE_DATA is not set: it names the folder with the reference data");
        return Path.Combine(root!, "chat");
    }

    private static void CheckAll(string file, Func<JsonElement, (string Name, string Source, JsonElement Variables, string? Expected)> read)
    {
        var failures = new List<string>();
        var count = 0;
        foreach (var line in File.ReadLines(Path.Combine(Folder(), file)))
        {
            using var json = JsonDocument.Parse(line);
            var (name, source, variables, expected) = read(json.RootElement);
            count++;
            string? actual = null;
            string? error = null;
            try
            {
                var tokens = variables.EnumerateObject()
                    .Where(v => TokenNames.Contains(v.Name) && v.Value.ValueKind == JsonValueKind.String)
                    .ToDictionary(v => v.Name, v => v.Value.GetString()!);
                actual = ChatTemplate.Parse(source, tokens).Render(Rendering.Input(variables));
            }
            catch (ChatTemplateException e)
            {
                error = e.Message;
            }

            if (actual != expected && name != NotAsInPython)
            {
                failures.Add($"{name}\n  expected: {expected ?? "an error"}\n  actual:   {actual ?? error}");
            }
        }

        Assert.True(failures.Count == 0, $"{failures.Count} of {count} differ:\n{string.Join("\n", failures)}");
        Assert.True(count > 20, $"{file} has only {count} rows");
    }
}
