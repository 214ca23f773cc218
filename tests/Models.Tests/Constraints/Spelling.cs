using System.Text;
using System.Text.Json;
using InferenceServer.Models.Constraints;
using InferenceServer.Models.Constraints.Tokens;

namespace InferenceServer.Models.Tests.Constraints;

/// <summary>Constraints over small vocabularies, and texts sent through them.</summary>
internal static class Spelling
{
    public const int End = 256;

    /// <summary>All bytes, an end token, and tokens that reach over the seams of JSON.</summary>
    public static Vocabulary Seams { get; } = Of(
        "{\"", "\":", "\": ", "\",\"", "\", \"", "\"}", "\"},{\"", "}}", "}]", "]}", "[{\"", "[]", "{}", "true", "false", "null", " null", "12", "0.5", ".0", "e5", "-1",
        "name", "na", "age", "the", " and", "é", "ü\"", "\\n", "\\u00", "\\\"", "abc", "aaaa", "\n  \"", ",\n", "true,", "1,", "1}", "1]", "\"]", "\":[", "\":{\"", "  ", "\n");

    public static Vocabulary Bytes { get; } = Of();

    public static Vocabulary Of(params string[] tokens)
    {
        var all = Enumerable.Range(0, 256).Select(value => value < 0xFE ? new[] { (byte)value } : null).Append([0xFF, (byte)'e']).ToList();
        all.AddRange(tokens.Select(Encoding.UTF8.GetBytes));
        return new Vocabulary(all, [End]);
    }

    public static AnswerConstraint Schema(string schema, bool strict = false, Vocabulary? vocabulary = null, ConstraintLimits? limits = null) =>
        new ConstraintCompiler(vocabulary ?? Bytes, limits).JsonSchema(JsonElement.Parse(schema), strict);

    /// <summary>Whether the text, spelled in bytes, may come and end there.</summary>
    public static bool Accepts(this AnswerConstraint constraint, string text)
    {
        var guide = new AnswerGuide(constraint);
        foreach (var value in Encoding.UTF8.GetBytes(text))
        {
            if (!guide.Allowed.Contains(value)) return false;
            guide.Accept(value);
        }

        Assert.Equal(guide.IsComplete, guide.Allowed.Contains(End));
        return guide.IsComplete;
    }

    /// <summary>A text whose tokens are drawn among those allowed; null where it did not end in time.</summary>
    public static string? Draw(this AnswerConstraint constraint, Vocabulary vocabulary, Random random, int most = 4000)
    {
        var guide = new AnswerGuide(constraint);
        var bytes = new List<byte>();
        var size = vocabulary.Trie.VocabularySize;
        for (var drawn = 0; drawn < most; drawn++)
        {
            var mask = guide.Allowed;
            var allowed = Enumerable.Range(0, size).Where(mask.Contains).ToArray();
            Assert.NotEmpty(allowed);
            if (guide.IsFinal || (guide.IsComplete && random.Next(3) == 0)) return Encoding.UTF8.GetString([.. bytes]);
            // Quotes and brackets often, so that texts end.
            var closing = allowed.Where(id => id < 256 && "\"}],".Contains((char)id, StringComparison.Ordinal)).ToArray();
            var token = closing.Length > 0 && random.Next(4) == 0 ? closing[random.Next(closing.Length)] : allowed[random.Next(allowed.Length)];
            if (token == End) return Encoding.UTF8.GetString([.. bytes]);
            bytes.AddRange(vocabulary.Trie.BytesOf(token));
            guide.Accept(token);
        }

        return null;
    }
}
