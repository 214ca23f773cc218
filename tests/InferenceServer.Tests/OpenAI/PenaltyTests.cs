using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.OpenAI;

[Collection(SharedServer.Name)]
public sealed class PenaltyTests(TestServer server)
{
    [Theory]
    [InlineData("frequency_penalty", 0)]
    [InlineData("presence_penalty", 0)]
    [InlineData("repetition_penalty", 1)]
    public async Task The_neutral_value_changes_nothing(string field, int neutral)
    {
        var free = await IdsAsync(Greedy());
        Assert.Equal(free, await IdsAsync(Greedy().With(field, neutral)));
    }

    [Theory]
    [InlineData("frequency_penalty", 2, -2)]
    [InlineData("presence_penalty", 2, -2)]
    [InlineData("repetition_penalty", 10, 0.1)]
    public async Task A_penalty_makes_for_variety_and_a_reward_for_monotony(string field, double penalty, double reward)
    {
        var varied = await IdsAsync(Greedy().With(field, penalty));
        var monotonous = await IdsAsync(Greedy().With(field, reward));
        Assert.True(varied.Distinct().Count() > monotonous.Distinct().Count(), $"{string.Join(' ', varied)} / {string.Join(' ', monotonous)}");
        Assert.Equal(varied, await IdsAsync(Greedy().With(field, penalty)));
    }

    [Fact]
    public async Task Thoughts_are_penalized_by_thoughts_alone()
    {
        // The answer after a supplied thought has nothing to count yet: its first token stays.
        var free = await IdsAsync(Greedy().With("thinking_token_budget", null).With("thought", "abcabc"));
        var penalized = await IdsAsync(Greedy().With("thinking_token_budget", null).With("thought", "abcabc").With("frequency_penalty", 2));
        Assert.Equal(free[0], penalized[0]);
    }

    private static JsonObject Greedy() => Completion().With("temperature", 0).With("thinking_token_budget", 0).With("max_tokens", 60).With("stream", false);

    private async Task<List<int>> IdsAsync(JsonObject body) =>
        [.. (await server.CallAsync(Generate, body))["answer"]!["tokens"]!.AsArray().Select(token => (int)token!["id"]!)];
}
