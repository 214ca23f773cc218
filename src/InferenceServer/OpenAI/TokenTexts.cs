using System.Text;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Tokenization;

namespace InferenceServer.OpenAI;

/// <summary>Tokens and their log-probabilities in OpenAI's two shapes.</summary>
internal static class TokenTexts
{
    // OpenAI's stand-in for a token that cannot come: −∞ has no JSON.
    private const float Impossible = -9999;

    private const char Undecodable = '\uFFFD';

    public static float Finite(float logprob) => float.IsNegativeInfinity(logprob) ? Impossible : logprob;

    public static TokenLogprobs ForChat(GenerationEvent.Token token, Tokenizer tokenizer)
    {
        var text = Text(token, tokenizer);
        return new TokenLogprobs(text, token.Logprob, Bytes(text), [.. token.Top.Select(top => ForChat(top, token, tokenizer))]);
    }

    /// <param name="offset">Where the first token begins in the choice's text.</param>
    public static CompletionLogprobs ForCompletion(IEnumerable<GenerationEvent.Token> tokens, Tokenizer tokenizer, int offset)
    {
        var (texts, logprobs, tops, offsets) =
            (new List<string>(), new List<float?>(), new List<IReadOnlyDictionary<string, float>?>(), new List<int>());
        foreach (var token in tokens)
        {
            if (token.TokenId is not null)
            {
                texts.Add(Text(token, tokenizer));
                logprobs.Add(token.Logprob);
                tops.Add(ForCompletion(token, tokenizer));
                offsets.Add(offset);
            }

            offset += token.Text.Length;
        }

        return new CompletionLogprobs(texts, logprobs, tops, offsets);
    }

    // Several ids may have the same text; the likeliest of them is meant.
    private static Dictionary<string, float> ForCompletion(GenerationEvent.Token token, Tokenizer tokenizer)
    {
        var top = new Dictionary<string, float>();
        foreach (var (id, logprob) in token.Top) top.TryAdd(Text(id, token, tokenizer), logprob);
        return top;
    }

    private static TopLogprob ForChat(TokenLogprob top, GenerationEvent.Token token, Tokenizer tokenizer)
    {
        var text = Text(top.Token, token, tokenizer);
        return new TopLogprob(text, top.Logprob, Bytes(text));
    }

    private static string Text(int id, GenerationEvent.Token token, Tokenizer tokenizer) =>
        id == token.TokenId ? Text(token, tokenizer) : tokenizer.Decode([id]);

    // A token that completes no character has no text in the stream; here it still needs a name.
    private static string Text(GenerationEvent.Token token, Tokenizer tokenizer) =>
        token.Text.Length > 0 || token.TokenId is not { } id ? token.Text : tokenizer.Decode([id]);

    private static List<int>? Bytes(string text) =>
        text.Contains(Undecodable, StringComparison.Ordinal) ? null : [.. Encoding.UTF8.GetBytes(text).Select(value => (int)value)];
}
