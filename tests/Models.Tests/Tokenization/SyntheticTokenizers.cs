using System.Text.Json;
using System.Text.Json.Nodes;
using InferenceServer.Models.Tokenization;

namespace InferenceServer.Models.Tests.Tokenization;

/// <summary>
/// Small tokenizers of our own with ids and texts from Hugging Face's tokenizers 0.22.2 (Fixtures/synthetic.jsonl).
/// In the file a vocabulary is a list in id order, where <c>&lt;bytes&gt;</c> stands for the 256 byte tokens.
/// </summary>
internal static class SyntheticTokenizers
{
    private static readonly Lazy<Dictionary<string, JsonObject>> Rows = new(Read);

    public static IEnumerable<string> Names => Rows.Value.Keys;

    public static JsonArray Cases(string name) => Rows.Value[name]["cases"]!.AsArray();

    public static Tokenizer Load(string name) => LoadJson(Rows.Value[name]["tokenizer"]!.ToJsonString());

    /// <summary>Loads a tokenizer from the text of tokenizer.json and, if given, tokenizer_config.json.</summary>
    public static Tokenizer LoadJson(string tokenizer, string? config = null)
    {
        var directory = Directory.CreateTempSubdirectory("tokenizer-");
        try
        {
            File.WriteAllText(Path.Combine(directory.FullName, "tokenizer.json"), tokenizer);
            if (config is not null)
                File.WriteAllText(Path.Combine(directory.FullName, "tokenizer_config.json"), config);
            return Tokenizer.Load(directory.FullName);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    /// <summary>A GPT-2-like tokenizer: the byte alphabet, a few merges and one special token.</summary>
    public static Tokenizer ByteLevel()
    {
        var vocabulary = new List<string>();
        for (var b = 0; b < 256; b++)
            vocabulary.Add(AlphabetCharacter(b).ToString());
        string[] merges = ["t h", "th e", "Ġ the", "Ġ Ġ", "ĠĠ ĠĠ", "Ã ©", "ð Ł", "ðŁ ĺ", "a a", "aa aa"];
        vocabulary.AddRange(merges.Select(merge => merge.Replace(" ", "")));
        return LoadJson(JsonSerializer.Serialize(new
        {
            added_tokens = new[] { new { id = vocabulary.Count, content = "<|end|>", special = true, normalized = false } },
            pre_tokenizer = new { type = "ByteLevel", add_prefix_space = false, use_regex = true },
            decoder = new { type = "ByteLevel" },
            model = new { type = "BPE", vocab = vocabulary.Select((token, id) => (token, id)).ToDictionary(t => t.token, t => t.id), merges },
        }));
    }

    /// <summary>The published table: printable Latin-1 is itself, the rest follows from U+0100.</summary>
    public static char AlphabetCharacter(int value)
    {
        var printable = (int b) => b is (>= 33 and <= 126) or (>= 161 and <= 172) or (>= 174 and <= 255);
        return (char)(printable(value) ? value : 256 + Enumerable.Range(0, value).Count(b => !printable(b)));
    }

    private static Dictionary<string, JsonObject> Read()
    {
        using var stream = typeof(SyntheticTokenizers).Assembly.GetManifestResourceStream(
            "InferenceServer.Models.Tests.Tokenization.Fixtures.synthetic.jsonl")!;
        using var reader = new StreamReader(stream);
        var rows = new Dictionary<string, JsonObject>();
        while (reader.ReadLine() is { } line)
        {
            var row = JsonNode.Parse(line)!.AsObject();
            ExpandVocabulary(row["tokenizer"]!["model"]!.AsObject());
            rows.Add(row["name"]!.GetValue<string>(), row);
        }

        return rows;
    }

    private static void ExpandVocabulary(JsonObject model)
    {
        if (model["scored"] is { } scored)
        {
            model.Remove("scored");
            model["vocab"] = scored;
            return;
        }

        var ids = new JsonObject();
        foreach (var token in model["vocab"]!.AsArray().Select(token => token!.GetValue<string>()))
        {
            if (token != "<bytes>")
                ids.Add(token, ids.Count);
            else
                for (var b = 0; b < 256; b++)
                    ids.Add($"<0x{b:X2}>", ids.Count);
        }

        model["vocab"] = ids;
    }
}
