using System.Runtime.CompilerServices;
using System.Text.Json;
using InferenceServer.Models.Tokenization.Algorithms;

namespace InferenceServer.Models.Tokenization.Json;

/// <summary>
/// tokenizer.json in one pass: the large tables (<c>model.vocab</c>, <c>model.merges</c>) are left as places in the
/// buffer to be streamed, everything else becomes small JSON elements.
/// </summary>
internal sealed class TokenizerFile
{
    private readonly byte[] _bytes;
    private readonly Dictionary<string, JsonElement> _sections = new(StringComparer.Ordinal);
    private readonly Dictionary<string, JsonElement> _modelMembers = new(StringComparer.Ordinal);
    private Range? _vocab;
    private Range? _merges;
    private bool _hasModel;
    private int _lastMerged;

    /// <exception cref="InvalidDataException">The bytes are not JSON, or there is no model.</exception>
    public TokenizerFile(byte[] bytes, string file)
    {
        (_bytes, File) = (bytes, file);
        try
        {
            Scan();
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{file}: expected JSON: {e.Message}", e);
        }

        if (!_hasModel)
            throw new JsonField(default, file, "$.model").Error("an object", "nothing");
    }

    public string File { get; }

    /// <summary>A top-level entry other than the model, or null where it is absent or JSON null.</summary>
    public JsonField? Section(string name) =>
        _sections.TryGetValue(name, out var element) && element.ValueKind != JsonValueKind.Null
            ? new JsonField(element, File, $"$.{name}")
            : null;

    /// <summary>The model without its vocabulary and merges.</summary>
    public JsonField Model => new(JsonSerializer.SerializeToElement(_modelMembers), File, "$.model");

    public bool HasMerges => _merges is not null;

    public bool VocabularyIsList => _vocab is { } range && _bytes[range.Start] == (byte)'[';

    /// <summary>Reads <c>{"token": id, …}</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public Vocabulary ReadVocabulary()
    {
        var reader = ReaderOf(_vocab, "vocab");
        if (reader.TokenType != JsonTokenType.StartObject)
            throw Field("vocab").Error("an object of token: id", Describe(reader.TokenType));
        var vocabulary = new Vocabulary(Math.Max(64, (int)(_vocab!.Value.End.Value - _vocab.Value.Start.Value) / 20));
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var token = GetString(ref reader, "vocab");
            reader.Read();
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out var id))
                throw Field($"vocab[\"{token}\"]").Error("an integer id", Describe(reader.TokenType));
            vocabulary.Add(token, id, File, $"$.model.vocab[\"{token}\"]");
        }

        return vocabulary;
    }

    /// <summary>Reads <c>[["token", score], …]</c>; ids are positions.</summary>
    public Vocabulary ReadScoredVocabulary(out double[] scores)
    {
        var reader = ReaderOf(_vocab, "vocab");
        if (reader.TokenType != JsonTokenType.StartArray)
            throw Field("vocab").Error("an array of [token, score]", Describe(reader.TokenType));
        var vocabulary = new Vocabulary(64);
        var list = new List<double>();
        while (reader.Read() && reader.TokenType == JsonTokenType.StartArray)
        {
            var path = $"vocab[{list.Count}]";
            if (!reader.Read() || reader.TokenType != JsonTokenType.String)
                throw Field(path).Error("[token, score]", Describe(reader.TokenType));
            var token = GetString(ref reader, path);
            if (!reader.Read() || reader.TokenType != JsonTokenType.Number)
                throw Field(path).Error("[token, score]", Describe(reader.TokenType));
            vocabulary.Add(token, list.Count, File, $"$.model.{path}");
            list.Add(reader.GetDouble());
            if (!reader.Read() || reader.TokenType != JsonTokenType.EndArray)
                throw Field(path).Error("[token, score]", "more than two items");
        }

        scores = [.. list];
        return vocabulary;
    }

    /// <summary>Reads <c>["a b", …]</c> or <c>[["a", "b"], …]</c>, giving ids and the id of the joined token.</summary>
    /// <param name="vocabulary">Has every part and every joined token.</param>
    /// <param name="prefixLength">Length of the continuing-subword prefix, which the right part loses when joined.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public MergeTable ReadMerges(Vocabulary vocabulary, int prefixLength)
    {
        var reader = ReaderOf(_merges, "merges");
        if (reader.TokenType != JsonTokenType.StartArray)
            throw Field("merges").Error("an array", Describe(reader.TokenType));
        var table = new MergeTable(vocabulary.Count * 2);
        var left = new char[256];
        var right = new char[256];
        var rank = 0;
        for (var index = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; index++)
        {
            int leftLength, rightLength;
            if (reader.TokenType == JsonTokenType.String)
            {
                var length = Copy(ref reader, ref left);
                if (index == 0 && left.AsSpan(0, length).StartsWith("#version"))
                    continue;
                leftLength = left.AsSpan(0, length).IndexOf(' ');
                rightLength = length - leftLength - 1;
                if (leftLength < 0 || left.AsSpan(leftLength + 1, rightLength).Contains(' '))
                    throw Field($"merges[{index}]").Error("two tokens with one space between", $"\"{left.AsSpan(0, length)}\"");
                if (rightLength > right.Length)
                    right = new char[rightLength];
                left.AsSpan(leftLength + 1, rightLength).CopyTo(right);
            }
            else
            {
                leftLength = CopyPart(ref reader, ref left, index);
                rightLength = CopyPart(ref reader, ref right, index);
                reader.Read();
            }

            AddMerge(table, vocabulary, ref left, leftLength, right.AsSpan(0, rightLength), prefixLength, rank++, index);
        }

        return table;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddMerge(MergeTable table, Vocabulary vocabulary, ref char[] left, int leftLength, ReadOnlySpan<char> right,
        int prefixLength, int rank, int index)
    {
        var leftId = vocabulary.Find(left.AsSpan(0, leftLength));
        var rightId = vocabulary.Find(right);
        var tail = right[Math.Min(prefixLength, right.Length)..];
        if (leftLength + tail.Length > left.Length)
            Array.Resize(ref left, 2 * (leftLength + tail.Length));
        tail.CopyTo(left.AsSpan(leftLength));
        var joined = left.AsSpan(0, leftLength + tail.Length);
        // Most files number merged tokens in the order of the merges, which saves a search through the vocabulary.
        var merged = joined.SequenceEqual(vocabulary.TokenOf(_lastMerged + 1)) ? _lastMerged + 1 : vocabulary.Find(joined);
        if (leftId is null || rightId is null || merged is null)
        {
            var missing = leftId is null ? left.AsSpan(0, leftLength) : rightId is null ? right : left.AsSpan(0, leftLength + tail.Length);
            throw Field($"merges[{index}]").Error("tokens of model.vocab", $"\"{missing}\", which is not in it");
        }

        _lastMerged = merged.Value;
        table.Add(leftId.Value, rightId.Value, rank, merged.Value);
    }

    private int CopyPart(ref Utf8JsonReader reader, ref char[] buffer, int index)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.String)
            throw Field($"merges[{index}]").Error("\"a b\" or [\"a\", \"b\"]", Describe(reader.TokenType));
        return Copy(ref reader, ref buffer);
    }

    private static int Copy(ref Utf8JsonReader reader, ref char[] buffer)
    {
        var bound = reader.HasValueSequence ? (int)reader.ValueSequence.Length : reader.ValueSpan.Length;
        if (bound > buffer.Length)
            buffer = new char[2 * bound];
        return reader.CopyString(buffer);
    }

    private string GetString(ref Utf8JsonReader reader, string path)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidDataException($"{File}: $.model.{path}: expected valid Unicode, found half a surrogate pair or bad UTF-8.", e);
        }
    }

    private void Scan()
    {
        var reader = new Utf8JsonReader(_bytes);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            throw new JsonField(default, File, "$").Error("an object", Describe(reader.TokenType));
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            if (name == "model" && reader.TokenType == JsonTokenType.StartObject)
                ScanModel(ref reader);
            else
                _sections[name] = JsonElement.ParseValue(ref reader);
        }
    }

    private void ScanModel(ref Utf8JsonReader reader)
    {
        _hasModel = true;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            if (name is not ("vocab" or "merges") || reader.TokenType == JsonTokenType.Null)
            {
                _modelMembers[name] = JsonElement.ParseValue(ref reader);
                continue;
            }

            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            var range = start..(int)reader.BytesConsumed;
            if (name == "vocab")
                _vocab = range;
            else
                _merges = range;
        }
    }

    private Utf8JsonReader ReaderOf(Range? range, string name)
    {
        if (range is null)
            throw Field(name).Error("a value", "nothing");
        var reader = new Utf8JsonReader(_bytes.AsSpan(range.Value));
        reader.Read();
        return reader;
    }

    private JsonField Field(string path) => new(default, File, $"$.model.{path}");

    private static string Describe(JsonTokenType type) => type switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number that is no 32-bit integer",
        JsonTokenType.EndArray => "fewer items",
        JsonTokenType.None => "nothing",
        _ => type.ToString(),
    };
}
