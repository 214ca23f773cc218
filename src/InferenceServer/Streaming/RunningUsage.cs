using InferenceServer.Models.Engine;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Streaming;

/// <summary>The usage of a stream so far, counted from its events; at the end it is the engine's own.</summary>
public sealed class RunningUsage(int promptTokens, int choices)
{
    private readonly int[] _thoughts = new int[choices];
    private readonly int[] _answers = new int[choices];

    public GenerationUsage Now => new(promptTokens, _thoughts.Sum(), _answers.Sum());

    public void Add(int choice, GenerationEvent.Token token)
    {
        if (token.TokenId is not null) Of(token.Channel)[choice]++;
    }

    public void Restart(int choice, TokenChannel channel) => Of(channel)[choice] = 0;

    private int[] Of(TokenChannel channel) => channel == TokenChannel.Thought ? _thoughts : _answers;
}
