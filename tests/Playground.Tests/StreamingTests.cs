using System.Net.Http.Json;
using System.Text.Json.Nodes;
using InferenceServer.Playground.Tests.Support;
using static Microsoft.Playwright.Assertions;

namespace InferenceServer.Playground.Tests;

/// <summary>Thought and answer as they come, against what the API says of the same request.</summary>
public sealed class StreamingTests(PlaygroundHost host)
{
    [Fact]
    public async Task Thought_and_answer_come_into_their_panes_with_layer_and_logprob()
    {
        await using var page = await host.OpenAsync();
        await Expect(page.Page.Locator("#headline")).ToHaveTextAsync("tas-stories thinks in layer 3 and answers in layer 6");
        await page.AskAsync();

        var told = await ApiAsync(host, page.Bodies.Single());
        Assert.NotEqual("", (string)told["thought"]!["text"]!);
        Assert.Equal((string)told["thought"]!["text"]!, await page.SaidAsync("thought"));
        Assert.Equal((string)told["answer"]!["text"]!, await page.SaidAsync("answer"));
        await Expect(page.ThoughtNote).ToHaveTextAsync("The model ended its thought itself.");
        Assert.Equal($"{told["usage"]!["completion_tokens_details"]!["reasoning_tokens"]}", await page.FigureAsync("thoughts"));
        Assert.Equal($"{told["answer"]!["tokens"]!.AsArray().Count}", await page.FigureAsync("answers"));
        Assert.Matches(@"^[\d,.]+$", await page.FigureAsync("rate"));
        Assert.Matches(@"^[\d.]+ m?s$", await page.FigureAsync("first"));
        Assert.Matches(@"^[\d.]+ m?s$", await page.FigureAsync("answer"));

        foreach (var (voice, pane, layer) in new[] { ("thought", page.Thought, 3), ("answer", page.Answer, 6) })
        {
            var tokens = told[voice]!["tokens"]!.AsArray();
            await Expect(pane.Locator(".token")).ToHaveCountAsync(tokens.Count);
            await pane.Locator(".token").Nth(1).HoverAsync();
            await Expect(page.Inspector).ToContainTextAsync($"from layer {layer} of 6, id {tokens[1]!["id"]}");
            await Expect(page.Inspector.Locator(".facts")).ToContainTextAsync(((double)tokens[1]!["logprob"]!).ToString("F3", null));
            await Expect(page.Inspector.Locator($".head:has-text('Layer {layer} said') li")).ToHaveCountAsync(5);
        }
    }

    [Fact]
    public async Task Each_token_shows_what_the_other_layer_would_have_said()
    {
        await using var page = await host.OpenAsync();
        await page.HurryAsync();
        await page.AskAsync();
        var told = await ApiAsync(host, page.Bodies.Single());
        foreach (var (voice, pane, layer) in new[] { ("thought", page.Thought, 6), ("answer", page.Answer, 3) })
        {
            await pane.Locator(".token").Nth(2).HoverAsync();
            var seen = page.Inspector.Locator($".head:has-text('Layer {layer} would have said') li");
            var expected = told[voice]!["tokens"]![2]!["peek"]![0]!["top"]!.AsArray();
            await Expect(seen).ToHaveCountAsync(expected.Count);
            for (var i = 0; i < expected.Count; i++)
                await Expect(seen.Nth(i)).ToContainTextAsync(((string)expected[i]!["text"]!).Replace(" ", "␣", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Tokens_are_there_before_the_end_and_the_two_voices_have_colours_of_their_own()
    {
        await using var page = await host.OpenAsync(PlaygroundServer.Patient);
        await page.MakeEndlessAsync(15_000);
        await page.Page.ClickAsync("#run");
        await page.Thought.Locator(".token").Nth(3).WaitForAsync();
        await Expect(page.Stages).ToHaveAttributeAsync("data-phase", "thinking");
        await page.Page.ClickAsync("#speak");
        await page.Answer.Locator(".token").First.WaitForAsync();
        await page.Page.ClickAsync("#stop");
        await page.DoneAsync();
        const string Color = "element => getComputedStyle(element).color";
        Assert.NotEqual(
            await page.Thought.Locator(".token").First.EvaluateAsync<string>(Color), await page.Answer.Locator(".token").First.EvaluateAsync<string>(Color));
    }

    [Fact]
    public async Task Shown_slowly_a_run_takes_as_long_as_its_tokens()
    {
        await using var page = await host.OpenAsync();
        var start = DateTime.UtcNow;
        await page.AskAsync();
        var tokens = await page.Page.Locator(".token").CountAsync();
        Assert.True(DateTime.UtcNow - start > TimeSpan.FromSeconds((tokens - 4) / 24.0), "24 tokens a second");
    }

    [Fact]
    public async Task The_budget_bounds_the_thought_to_the_token()
    {
        await using var page = await host.OpenAsync();
        await page.HurryAsync();
        await page.Page.Locator("#budget").FocusAsync();
        await page.Page.Keyboard.PressAsync("Home");
        await Expect(page.Page.Locator("#budget-text")).ToHaveTextAsync("no thought");
        await page.AskAsync();
        await Expect(page.ThoughtNote).ToHaveTextAsync("Thoughts were switched off.");
        Assert.Equal("0", await page.FigureAsync("thoughts"));
        Assert.NotEqual("", await page.SaidAsync("answer"));

        await page.Page.Locator("#budget").FocusAsync();
        for (var i = 0; i < 3; i++) await page.Page.Keyboard.PressAsync("ArrowRight");
        await Expect(page.Page.Locator("#budget-text")).ToHaveTextAsync("3 tokens");
        await page.AskAsync();
        await Expect(page.ThoughtNote).ToHaveTextAsync("Your budget ended the thought.");
        Assert.Equal("3", await page.FigureAsync("thoughts"));
        Assert.Equal([0, 3], page.Bodies.Select(body => (int)body["thinking_token_budget"]!));
    }

    internal static async Task<JsonObject> ApiAsync(PlaygroundHost host, JsonObject body)
    {
        body["stream"] = false;
        using var response = await host.Server.Http.PostAsync("v1/generate", JsonContent.Create<JsonNode>(body));
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return JsonNode.Parse(await response.Content.ReadAsStringAsync())!.AsObject();
    }
}
