using InferenceServer.Models.Engine;
using InferenceServer.Models.Thinking;
using InferenceServer.Streaming;

namespace InferenceServer.Tests.Native;

/// <summary>Where words cannot be taken back, a thought is told once it is known to lead to an answer.</summary>
public class HeldThoughtTests
{
    [Fact]
    public void A_thought_that_is_drawn_again_is_never_heard()
    {
        var held = new HeldThoughts(holds: true);
        Assert.Empty(held.Add(Token(TokenChannel.Thought, "first")));
        held.Restart();
        Assert.Empty(held.Add(Token(TokenChannel.Thought, "second")));
        Assert.Equal(["second", "answer"], held.Add(Token(TokenChannel.Answer, "answer")).Select(token => token.Text));
        Assert.Equal(["more"], held.Add(Token(TokenChannel.Answer, "more")).Select(token => token.Text));
        Assert.Empty(held.Release());
    }

    [Fact]
    public void A_thought_without_an_answer_is_told_at_the_end_and_other_models_hold_nothing()
    {
        var held = new HeldThoughts(holds: true);
        Assert.Empty(held.Add(Token(TokenChannel.Thought, "only")));
        Assert.Equal(["only"], held.Release().Select(token => token.Text));
        Assert.Single(new HeldThoughts(holds: false).Add(Token(TokenChannel.Thought, "now")));
    }

    private static GenerationEvent.Token Token(TokenChannel channel, string text) => new(channel, 4, 0, 1, text, 0, [], 0);
}
