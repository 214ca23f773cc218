using InferenceServer.Playground.Tests.Support;
using static Microsoft.Playwright.Assertions;

namespace InferenceServer.Playground.Tests;

/// <summary>Answer now, another thought, stop: while it runs, and when the server has long finished what the eye has not.</summary>
public sealed class CommandTests(PlaygroundHost host)
{
    private const string SpeakNow = "#speak";

    [Fact]
    public async Task Answer_now_ends_the_thought_of_a_running_generation()
    {
        await using var page = await host.OpenAsync(PlaygroundServer.Patient);
        await LongRunAsync(page);
        await page.Page.ClickAsync(SpeakNow);
        await page.Answer.Locator(".token").First.WaitForAsync();
        await Expect(page.Page.Locator(SpeakNow)).ToBeDisabledAsync();
        await page.Page.ClickAsync("#stop");
        await page.DoneAsync();
        await Expect(page.ThoughtNote).ToHaveTextAsync("You ended the thought.");
        await Expect(page.AnswerNote).ToHaveTextAsync("You stopped it.");
        Assert.Single(page.Requests);
        await ForgottenAsync();
    }

    [Fact]
    public async Task Answer_now_on_a_thought_that_is_only_being_shown_answers_from_what_was_seen()
    {
        await using var page = await host.OpenAsync();
        await page.Page.SelectOptionAsync("#pace", "6");
        await page.Page.ClickAsync("#run");
        await page.Thought.Locator(".token").Nth(4).WaitForAsync();
        await page.Page.ClickAsync(SpeakNow);
        await Expect(page.ThoughtNote).ToHaveTextAsync("Your thought: the model only answered.");
        Assert.Equal(2, page.Requests.Count);
        var seen = (string)page.Bodies.Last()["thought"]!;
        Assert.StartsWith(seen, "25+14=39;39-18=21", StringComparison.Ordinal);
        Assert.InRange(seen.Length, 5, 16);
        Assert.Equal((string)(await StreamingTests.ApiAsync(host, page.Bodies.Last()))["answer"]!["text"]!, await page.SaidAsync("answer"));
    }

    [Fact]
    public async Task An_edited_thought_changes_the_answer_as_the_API_says()
    {
        await using var page = await host.OpenAsync();
        await page.HurryAsync();
        await page.AskAsync();
        var before = await page.SaidAsync("answer");
        await RewriteAsync(page, "25+14=38;38-18=20");
        await Expect(page.ThoughtNote).ToHaveTextAsync("Your thought: the model only answered.");
        await Expect(page.Thought).ToHaveTextAsync("25+14=38;38-18=20");
        var after = await page.SaidAsync("answer");
        Assert.NotEqual(before, after);
        Assert.Contains("20 shells", after, StringComparison.Ordinal);
        Assert.Equal((string)(await StreamingTests.ApiAsync(host, page.Bodies.Last()))["answer"]!["text"]!, after);
        Assert.Equal("0", await page.FigureAsync("thoughts"));
    }

    [Fact]
    public async Task A_running_generation_takes_another_thought()
    {
        await using var page = await host.OpenAsync(PlaygroundServer.Patient);
        await LongRunAsync(page);
        await RewriteAsync(page, "Because.");
        await page.Answer.Locator(".token").First.WaitForAsync();
        await Expect(page.Thought).ToHaveTextAsync("Because.");
        await page.Page.Keyboard.PressAsync("Escape");
        await page.DoneAsync();
        await Expect(page.ThoughtNote).ToHaveTextAsync("Your thought: the model only answered.");
        Assert.Single(page.Requests);
        await ForgottenAsync();
    }

    [Fact]
    public async Task Stop_ends_the_generation_on_the_server_too()
    {
        await using var page = await host.OpenAsync(PlaygroundServer.Patient);
        await LongRunAsync(page);
        await page.Page.ClickAsync("#stop");
        await page.DoneAsync();
        await Expect(page.AnswerNote).ToHaveTextAsync("You stopped it.");
        await ForgottenAsync();
    }

    [Fact]
    public async Task Another_question_and_another_model_end_what_runs()
    {
        await using var page = await host.OpenAsync(PlaygroundServer.Patient);
        await LongRunAsync(page);
        await page.Page.ClickAsync("#run");
        await page.Thought.Locator(".token").Nth(1).WaitForAsync();
        await page.Page.SelectOptionAsync("#model", "tas-stories");
        await Expect(page.Page.Locator(".token")).ToHaveCountAsync(0);
        await Expect(page.Page.Locator("#prompt")).ToHaveValueAsync("Why?");
        await ForgottenAsync();
    }

    private static async Task LongRunAsync(PlaygroundPage page)
    {
        await page.Page.FillAsync("#prompt", "Why?");
        await page.MakeEndlessAsync(15_000);
        await page.Page.ClickAsync("#run");
        await page.Thought.Locator(".token").Nth(1).WaitForAsync();
    }

    private static async Task RewriteAsync(PlaygroundPage page, string thought)
    {
        await page.Page.ClickAsync(".edit");
        await page.Page.FillAsync(".rewrite textarea", thought);
        await page.Page.ClickAsync(".rewrite [type=submit]");
    }

    private async Task ForgottenAsync()
    {
        var deadline = DateTime.UtcNow.AddSeconds(20);
        while (host.Server.Unfinished > 0)
        {
            Assert.True(DateTime.UtcNow < deadline, "The server still generates.");
            await Task.Delay(20);
        }
    }
}
