using InferenceServer.Models.Decoding;
using InferenceServer.Models.Tokenization;

namespace InferenceServer.OpenAI;

/// <summary>A prompt's tokens and their log-probabilities in OpenAI's and vLLM's shapes. The first token has none: nothing stands before it.</summary>
internal static class PromptTexts
{
    /// <summary>By column, each token where it stands in the prompt's text.</summary>
    /// <param name="scores">Of the tokens from the second on.</param>
    /// <param name="top">Most likely tokens to report at each.</param>
    public static CompletionLogprobs ForCompletion(
        IReadOnlyList<int> prompt, string text, IReadOnlyList<HeadResult> scores, int top, Tokenizer tokenizer)
    {
        var (names, offsets) = Place(prompt, text, tokenizer);
        var (logprobs, tops) = (new List<float?> { null }, new List<IReadOnlyDictionary<string, float>?> { null });
        for (var i = 0; i < scores.Count; i++)
        {
            logprobs.Add(TokenTexts.Finite(scores[i].Logprob));
            var likely = new Dictionary<string, float>();
            foreach (var (id, logprob) in scores[i].Top.Take(top)) likely.TryAdd(id == scores[i].Token ? names[i + 1] : tokenizer.Decode([id]), logprob);
            tops.Add(likely);
        }

        return new CompletionLogprobs(names, logprobs, tops, offsets);
    }

    /// <summary>By position, the token that stands there and the most likely ones, by id.</summary>
    public static IReadOnlyList<IReadOnlyDictionary<string, PromptLogprob>?> ById(IReadOnlyList<HeadResult> scores, int top, Tokenizer tokenizer)
    {
        var positions = new List<IReadOnlyDictionary<string, PromptLogprob>?> { null };
        foreach (var score in scores)
        {
            var tokens = new Dictionary<string, PromptLogprob>();
            Add(score.Token, score.Logprob, score.Rank);
            for (var i = 0; i < Math.Min(top, score.Top.Count); i++) Add(score.Top[i].Token, score.Top[i].Logprob, i + 1);
            positions.Add(tokens);

            void Add(int id, float logprob, int rank) =>
                tokens.TryAdd(id.ToString(System.Globalization.CultureInfo.InvariantCulture), new PromptLogprob(TokenTexts.Finite(logprob), rank, tokenizer.Decode([id])));
        }

        return positions;
    }

    /// <summary>
    /// Each token's text and where it begins. What the tokenizer puts around a text takes no room in it. Where it has changed a
    /// text (its spaces, its characters), tokens keep their lengths and never point beyond the end.
    /// </summary>
    private static (List<string> Names, List<int> Offsets) Place(IReadOnlyList<int> prompt, string text, Tokenizer tokenizer)
    {
        var (names, offsets) = (new List<string>(prompt.Count), new List<int>(prompt.Count));
        var detokenizer = tokenizer.CreateDetokenizer();
        var at = 0;
        foreach (var id in prompt)
        {
            var piece = tokenizer.IsSpecial(id) ? tokenizer.Decode([id]) : detokenizer.Append(id);
            names.Add(piece.Length > 0 ? piece : tokenizer.Decode([id]));
            offsets.Add(at);
            at += Length(text.AsSpan(at), piece, tokenizer.IsSpecial(id));
        }

        return (names, offsets);
    }

    private static int Length(ReadOnlySpan<char> rest, string piece, bool special)
    {
        if (rest.StartsWith(piece)) return piece.Length;
        if (special) return 0;
        // A space that a tokenizer adds in front of a text, or takes away there.
        if (piece is [' ', ..] && rest.StartsWith(piece.AsSpan(1))) return piece.Length - 1;
        return Math.Min(rest.Length, rest is [' ', ..] && rest[1..].StartsWith(piece) ? piece.Length + 1 : piece.Length);
    }
}
