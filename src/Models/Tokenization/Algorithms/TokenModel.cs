using System.Text;

namespace InferenceServer.Models.Tokenization.Algorithms;

/// <summary>Turns one piece of text into token ids.</summary>
internal abstract class TokenModel(Vocabulary vocabulary)
{
    public Vocabulary Vocabulary { get; } = vocabulary;

    /// <param name="piece">Not empty, well-formed UTF-16.</param>
    /// <param name="ids">Receives the tokens.</param>
    /// <exception cref="InvalidDataException">The piece needs an unknown token and the vocabulary has none.</exception>
    public abstract void Encode(ReadOnlySpan<char> piece, List<int> ids);

    /// <summary>Adds the byte tokens of the text and returns true if the vocabulary has all of them.</summary>
    protected static bool TryAddBytes(ReadOnlySpan<char> text, int[] byteTokens, List<int> ids)
    {
        var utf8 = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, utf8);
        foreach (var b in utf8)
        {
            if (byteTokens[b] < 0)
                return false;
        }

        foreach (var b in utf8)
            ids.Add(byteTokens[b]);
        return true;
    }

    protected static InvalidDataException NoUnknownToken(string model) =>
        new($"The text has a part that is not in the tokenizer's vocabulary, and its {model} model has no unknown token: " +
            "set model.unk_token (or unk_id) in tokenizer.json to a token of the vocabulary.");
}
