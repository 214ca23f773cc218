using System.Text;
using InferenceServer.Errors;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Streaming;

/// <summary>One complete choice: what a stream's events add up to.</summary>
public sealed class ChoiceResult
{
    private readonly StringBuilder _thought = new();
    private readonly StringBuilder _answer = new();

    /// <summary>Of both channels, in the order they were made.</summary>
    public List<GenerationEvent.Token> Tokens { get; } = [];

    public IEnumerable<GenerationEvent.Token> ThoughtTokens => Tokens.Where(token => token.Channel == TokenChannel.Thought);

    public IEnumerable<GenerationEvent.Token> AnswerTokens => Tokens.Where(token => token.Channel == TokenChannel.Answer);

    public string Thought => _thought.ToString();

    public string Answer => _answer.ToString();

    public GenerationEvent.Finished? Finished { get; private set; }

    /// <summary>Of the prompt's tokens from the second on, where this choice was asked for them.</summary>
    public IReadOnlyList<HeadResult>? PromptScores { get; private set; }

    /// <summary>Reads all choices to their end.</summary>
    /// <exception cref="ApiException">500: a generation failed.</exception>
    public static async Task<IReadOnlyList<ChoiceResult>> CollectAsync(GenerationRun run, CancellationToken cancellation)
    {
        var results = Enumerable.Range(0, run.Choices).Select(_ => new ChoiceResult()).ToArray();
        while (true)
        {
            while (run.TryRead(out var next)) results[next.Choice].Add(next.Event);
            if (run.HasEnded) return results;
            await run.WaitAsync(Timeout.InfiniteTimeSpan, cancellation);
        }
    }

    private void Add(GenerationEvent generationEvent)
    {
        switch (generationEvent)
        {
            case GenerationEvent.Token token:
                (token.Channel == TokenChannel.Thought ? _thought : _answer).Append(token.Text);
                Tokens.Add(token);
                break;
            case GenerationEvent.PromptScored scored:
                PromptScores = scored.Tokens;
                break;
            case GenerationEvent.Peeked peeked:
                Add(peeked);
                break;
            case GenerationEvent.Restarted restarted:
                (restarted.Channel == TokenChannel.Thought ? _thought : _answer).Clear();
                Tokens.RemoveAll(token => token.Channel == restarted.Channel);
                break;
            case GenerationEvent.Finished finished:
                Finished = finished;
                break;
            case GenerationEvent.Failed failed:
                throw ApiException.Failed(failed);
            default:
                throw new InvalidOperationException($"Unknown event {generationEvent.GetType().Name}.");
        }
    }

    private void Add(GenerationEvent.Peeked peeked)
    {
        var at = Tokens.FindIndex(token => token.Channel == peeked.Channel && token.Index == peeked.Index && token.TokenId is not null);
        Tokens[at] = Tokens[at] with { Peeks = [.. Tokens[at].Peeks ?? [], peeked.Peek] };
    }
}
