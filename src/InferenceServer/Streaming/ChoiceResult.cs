using System.Text;
using InferenceServer.Errors;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Streaming;

/// <summary>One complete choice: what a stream's events add up to.</summary>
public sealed class ChoiceResult
{
    private readonly StringBuilder _thought = new();
    private readonly StringBuilder _answer = new();

    public List<GenerationEvent.Token> ThoughtTokens { get; } = [];

    public List<GenerationEvent.Token> AnswerTokens { get; } = [];

    public string Thought => _thought.ToString();

    public string Answer => _answer.ToString();

    public GenerationEvent.Finished? Finished { get; private set; }

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
            case GenerationEvent.Token { Channel: TokenChannel.Thought } token:
                _thought.Append(token.Text);
                ThoughtTokens.Add(token);
                break;
            case GenerationEvent.Token token:
                _answer.Append(token.Text);
                AnswerTokens.Add(token);
                break;
            case GenerationEvent.Restarted { Channel: TokenChannel.Thought }:
                _thought.Clear();
                ThoughtTokens.Clear();
                break;
            case GenerationEvent.Restarted:
                _answer.Clear();
                AnswerTokens.Clear();
                break;
            case GenerationEvent.Finished finished:
                Finished = finished;
                break;
            case GenerationEvent.Failed failed:
                throw ApiException.Failed(failed.Message);
            default:
                throw new InvalidOperationException($"Unknown event {generationEvent.GetType().Name}.");
        }
    }
}
