using System.Text.Json;

namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>Where checkpoints in Hugging Face's layout keep chat templates and the tokens they mention.</summary>
internal sealed class ChatTemplateFiles(string directory)
{
    public string? FindTemplate(string? name)
    {
        if (name is null or "default")
        {
            var file = Path.Combine(directory, "chat_template.jinja");
            if (File.Exists(file))
            {
                return File.ReadAllText(file);
            }
        }
        else if (Find(Path.Combine(directory, "additional_chat_templates"), name) is { } file)
        {
            return File.ReadAllText(file);
        }

        return InJson("tokenizer_config.json", name) ?? InJson("chat_template.json", name);
    }

    /// <summary>Variables such as <c>bos_token</c>; a file with a value of its own wins over a later one.</summary>
    public IReadOnlyDictionary<string, Value> SpecialTokens()
    {
        var tokens = new Dictionary<string, Value>(StringComparer.Ordinal);
        foreach (var file in (ReadOnlySpan<string>)["tokenizer_config.json", "special_tokens_map.json"])
        {
            using var json = Read(file);
            if (json is null)
            {
                continue;
            }

            foreach (var property in json.RootElement.EnumerateObject())
            {
                if (property.Name == "extra_special_tokens" && property.Value.ValueKind == JsonValueKind.Object)
                {
                    foreach (var extra in property.Value.EnumerateObject())
                    {
                        AddToken(tokens, extra.Name, extra.Value);
                    }
                }
                else if (property.Name.EndsWith("_token", StringComparison.Ordinal))
                {
                    AddToken(tokens, property.Name, property.Value);
                }
                else if (property.Name == "additional_special_tokens" && property.Value.ValueKind == JsonValueKind.Array)
                {
                    var list = property.Value.EnumerateArray().Select(TokenText).OfType<string>().Select(StringValue.FromTemplate);
                    tokens.TryAdd(property.Name, new ListValue([.. list]));
                }
            }
        }

        return tokens;
    }

    private static void AddToken(Dictionary<string, Value> tokens, string name, JsonElement token)
    {
        if (TokenText(token) is { } text)
        {
            tokens.TryAdd(name, StringValue.FromTemplate(text));
        }
    }

    private static string? TokenText(JsonElement token) => token.ValueKind switch
    {
        JsonValueKind.String => token.GetString(),
        JsonValueKind.Object when token.TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.String => content.GetString(),
        _ => null,
    };

    /// <summary>The file of a named template; names come from requests, so only files that are really there are opened.</summary>
    private static string? Find(string folder, string name) => !Directory.Exists(folder)
        ? null
        : Directory.EnumerateFiles(folder, "*.jinja").FirstOrDefault(file => Path.GetFileNameWithoutExtension(file) == name);

    private string? InJson(string file, string? name)
    {
        using var json = Read(file);
        if (json is null || !json.RootElement.TryGetProperty("chat_template", out var template))
        {
            return null;
        }

        if (template.ValueKind == JsonValueKind.String)
        {
            return name is null or "default" ? template.GetString() : null;
        }

        var named = new Dictionary<string, string>(StringComparer.Ordinal);
        if (template.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in template.EnumerateObject().Where(property => property.Value.ValueKind == JsonValueKind.String))
            {
                named[property.Name] = property.Value.GetString()!;
            }
        }
        else if (template.ValueKind == JsonValueKind.Array)
        {
            foreach (var entry in template.EnumerateArray())
            {
                if (entry.ValueKind != JsonValueKind.Object
                    || !entry.TryGetProperty("name", out var key) || key.ValueKind != JsonValueKind.String
                    || !entry.TryGetProperty("template", out var text) || text.ValueKind != JsonValueKind.String)
                {
                    throw new ChatTemplateException($"{file}: every entry of chat_template needs a name and a template");
                }

                named[key.GetString()!] = text.GetString()!;
            }
        }

        if (named.TryGetValue(name ?? "default", out var found))
        {
            return found;
        }

        return name is not null || named.Count == 0 ? null
            : named.Count == 1 ? named.Values.Single()
            : throw new ChatTemplateException($"{file}: chat_template has no entry 'default'; choose one of {string.Join(", ", named.Keys)}");
    }

    private JsonDocument? Read(string file)
    {
        var path = Path.Combine(directory, file);
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            var json = JsonDocument.Parse(File.ReadAllBytes(path));
            return json.RootElement.ValueKind == JsonValueKind.Object ? json : throw new ChatTemplateException($"{file} is not a JSON object");
        }
        catch (JsonException e)
        {
            throw new ChatTemplateException($"{file} is not valid JSON: {e.Message}", e);
        }
    }
}
