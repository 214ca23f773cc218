using InferenceServer.Playground.Tests.Support;
using static Microsoft.Playwright.Assertions;

namespace InferenceServer.Playground.Tests;

/// <summary>What the page shows of each method, and offers for it.</summary>
public sealed class MethodTests(PlaygroundHost host)
{
    [Fact]
    public async Task Quiet_STaR_shows_each_thought_with_its_token_and_the_weights_as_a_heat_strip()
    {
        await using var page = await host.OpenAsync("quiet-star-stories");
        await page.HurryAsync();
        await page.AskAsync();
        var told = await StreamingTests.ApiAsync(host, page.Bodies.Single());
        var answer = told["answer"]!["tokens"]!.AsArray();
        await Expect(page.Thought.Locator(".thought-row")).ToHaveCountAsync(answer.Count + 1);
        await Expect(page.Thought.Locator(".thought-row").Last).ToContainTextAsync("end");
        var heat = page.Answer.Locator(".token > .heat");
        await Expect(heat).ToHaveCountAsync(answer.Count);
        for (var i = 0; i < answer.Count; i++)
        {
            var weight = (double)answer[i]!["mix"]!;
            await Expect(heat.Nth(i)).ToHaveAttributeAsync("title", $"w {weight:F2}");
            var warmth = await heat.Nth(i).EvaluateAsync<double>("cell => Number(cell.style.getPropertyValue('--heat'))");
            Assert.Equal(Math.Min(1, Math.Abs(weight) / 0.5), warmth, 6);
        }

        Assert.Equal((string)told["thought"]!["text"]!, await page.SaidAsync("thought"));
    }

    [Theory]
    [InlineData("tas-stories", "split", true, false, true)]
    [InlineData("quiet-star-stories", "same", false, true, true)]
    [InlineData("tpo-stories", "same", false, true, true)]
    [InlineData("icot-si-half", "same", false, false, false)]
    [InlineData("icot-si-full", "same", false, false, false)]
    [InlineData("icot-kd", "single", false, false, false)]
    [InlineData("bitune-stories", "single", false, false, false)]
    [InlineData("base-stories", "single", false, false, false)]
    public async Task Every_model_answers_its_example_and_offers_what_it_can_do(string model, string shape, bool budget, bool onOff, bool compare)
    {
        await using var page = await host.OpenAsync(model);
        await page.HurryAsync();
        await Expect(page.Stages).ToHaveAttributeAsync("data-shape", shape);
        await Expect(page.Page.Locator("#budget")).ToBeVisibleAsync(new() { Visible = budget });
        await Expect(page.Page.Locator("#thoughts")).ToBeVisibleAsync(new() { Visible = onOff });
        await Expect(page.Page.Locator("#compare")).ToBeVisibleAsync(new() { Visible = compare });
        await Expect(page.Page.Locator("#headline")).ToContainTextAsync(model);
        await page.AskAsync();
        var told = await StreamingTests.ApiAsync(host, page.Bodies.Single());
        Assert.Equal((string)told["answer"]!["text"]!, await page.SaidAsync("answer"));
        Assert.NotEqual("", await page.SaidAsync("answer"));
        Assert.Equal((string)told["thought"]!["text"]!, await page.SaidAsync("thought"));
    }

    [Theory]
    [InlineData("icot-si-full", "Not one step written down", "from its last digit to its first")]
    [InlineData("icot-si-half", "ended its thought itself", "5 2 0 9 0 is 09025")]
    [InlineData("icot-kd", null, "4 3 2 4 is 4234")]
    [InlineData("tpo-stories", "Narrow tokens spell the markers", "")]
    public async Task What_a_stranger_would_stumble_over_is_explained_where_it_stands(string model, string? ofThought, string ofAnswer)
    {
        await using var page = await host.OpenAsync(model);
        await page.HurryAsync();
        await page.AskAsync();
        if (ofThought is not null) await Expect(page.Page.Locator("[data-voice=thought] .note")).ToContainTextAsync(ofThought);
        var note = page.Page.Locator("[data-voice=answer] .note");
        if (ofAnswer.Length > 0) await Expect(note).ToContainTextAsync(ofAnswer);
        else await Expect(note).ToHaveTextAsync("");
    }

    [Fact]
    public async Task Thoughts_can_be_switched_off_where_they_have_no_budget()
    {
        await using var page = await host.OpenAsync("tpo-stories");
        await page.HurryAsync();
        await page.Page.UncheckAsync("#thoughts");
        await page.AskAsync();
        Assert.Equal("0", await page.FigureAsync("thoughts"));
        Assert.Equal(0, (int)page.Bodies.Single()["thinking_token_budget"]!);
    }

    [Theory]
    [InlineData("tas-stories")]
    [InlineData("quiet-star-stories")]
    public async Task Side_by_side_the_same_seed_answers_with_and_without_thoughts(string model)
    {
        await using var page = await host.OpenAsync(model);
        await page.HurryAsync();
        await page.Page.CheckAsync("#compare");
        await Expect(page.Stages).ToHaveCountAsync(2);
        await page.AskAsync();
        var bodies = page.Bodies.ToList();
        Assert.Equal(2, bodies.Count);
        Assert.Equal((long)bodies[0]["seed"]!, (long)bodies[1]["seed"]!);
        Assert.Single(bodies, body => (int?)body["thinking_token_budget"] == 0);
        Assert.NotEqual("0", await page.FigureAsync("thoughts"));
        Assert.Equal("0", await page.FigureAsync("thoughts", 1));
        Assert.NotEqual(await page.SaidAsync("answer"), await page.SaidAsync("answer", 1));
        foreach (var (body, stage) in bodies.OrderBy(body => (int?)body["thinking_token_budget"] == 0).Select((body, stage) => (body, stage)))
            Assert.Equal((string)(await StreamingTests.ApiAsync(host, body))["answer"]!["text"]!, await page.SaidAsync("answer", stage));
    }

    [Fact]
    public async Task Drawn_tokens_are_drawn_again_with_the_seed_shown()
    {
        await using var page = await host.OpenAsync(PlaygroundServer.Patient);
        await page.HurryAsync();
        await page.Page.FillAsync("#prompt", "Why?");
        await page.Page.FillAsync("#max-tokens", "20");
        await page.Page.Locator("#temperature").FillAsync("1.5");
        await page.Page.FillAsync("#seed", "11");
        await page.AskAsync();
        var first = await page.SaidAsync("thought") + await page.SaidAsync("answer");
        await page.AskAsync();
        Assert.Equal(first, await page.SaidAsync("thought") + await page.SaidAsync("answer"));
        await page.Page.FillAsync("#seed", "12");
        await page.AskAsync();
        Assert.NotEqual(first, await page.SaidAsync("thought") + await page.SaidAsync("answer"));
    }
}
