using System.Text.RegularExpressions;
using InferenceServer.Playground.Tests.Support;
using static Microsoft.Playwright.Assertions;

namespace InferenceServer.Playground.Tests;

/// <summary>What goes wrong is said plainly; keys stay where they belong.</summary>
public sealed class ProblemTests(PlaygroundHost host)
{
    [Fact]
    public async Task A_refusal_is_shown_in_the_servers_words_and_goes_with_the_next_success()
    {
        await using var page = await host.OpenAsync();
        await page.HurryAsync();
        await page.Page.FillAsync("#max-tokens", "0");
        await page.Page.ClickAsync("#run");
        var problem = page.Page.GetByRole(Microsoft.Playwright.AriaRole.Alert);
        await Expect(problem).ToContainTextAsync("'max_tokens' must be from 1");
        await Expect(problem).ToContainTextAsync("400 · invalid_value · max_tokens");
        page.ExpectedRefusals = 1;
        await page.Page.FillAsync("#max-tokens", "64");
        await page.AskAsync();
        await Expect(page.Page.Locator("#problem")).ToBeHiddenAsync();
    }

    [Fact]
    public async Task A_server_that_is_gone_is_said_to_be_gone()
    {
        await using var page = await host.OpenAsync();
        await page.Page.RouteAsync("**/v1/generate", route => route.AbortAsync());
        await page.Page.ClickAsync("#run");
        await Expect(page.Page.Locator("#problem")).ToContainTextAsync("The server cannot be reached.");
        page.ExpectedRefusals = 1;
    }

    [Theory]
    [InlineData("event: start\ndata: {\"id\":\"gen-1\"}\n\nevent: thought\ndata: {\"channel\":\"thought\",\"index\":0,\"id\":5,\"text\":\"So\",\"layer\":3,\"logprob\":-1}\n\n", "broke off")]
    [InlineData("event: start\ndata: {\"id\":\"gen-1\"}\n\n: keep-alive\n\nevent: error\ndata: {\"error\":{\"message\":\"The engine is tired.\",\"code\":\"generation_failed\"}}\n\n", "The engine is tired.")]
    public async Task A_stream_that_breaks_is_not_taken_for_a_complete_one(string stream, string said)
    {
        await using var page = await host.OpenAsync();
        await page.Page.RouteAsync("**/v1/generate", route => route.FulfillAsync(new() { ContentType = "text/event-stream", Body = stream }));
        await page.Page.ClickAsync("#run");
        await Expect(page.Page.Locator("#problem")).ToContainTextAsync(said);
        await Expect(page.Page.Locator("#stop")).ToBeDisabledAsync();
    }

    [Fact]
    public async Task The_key_is_sent_as_bearer_and_kept_for_the_tab_only()
    {
        const string Key = "sk-for-this-test";
        await using var page = await host.OpenAsync();
        await page.HurryAsync();
        await page.Page.ClickAsync("#key-drop summary");
        await page.Page.FillAsync("#key", Key);
        await page.AskAsync();
        Assert.Equal($"Bearer {Key}", await page.Requests.Single().HeaderValueAsync("authorization"));
        Assert.DoesNotContain(Key, await page.Page.EvaluateAsync<string>("JSON.stringify({ ...localStorage }) + document.cookie + location.href"), StringComparison.Ordinal);
        await page.Page.ReloadAsync();
        await Expect(page.Page.Locator("#key")).ToHaveValueAsync(Key);
        await page.Page.ClickAsync("#code summary");
        await Expect(page.Page.Locator("#snippet")).ToContainTextAsync("Bearer $API_KEY");
        Assert.DoesNotContain(Key, await page.Page.Locator("#snippet").InnerTextAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_wants_a_key_is_given_one()
    {
        await using var page = await host.OpenAsync();
        await page.Page.RouteAsync("**/v1/models", async route =>
        {
            if (await route.Request.HeaderValueAsync("authorization") == "Bearer right") await route.ContinueAsync();
            else await route.FulfillAsync(new() { Status = 401, ContentType = "application/json", Body = """{"error":{"message":"No key.","code":"invalid_api_key"}}""" });
        });
        await page.Page.ReloadAsync();
        await Expect(page.Page.Locator("#problem")).ToContainTextAsync("No key.");
        page.ExpectedRefusals = 1;
        await Expect(page.Page.Locator("#key")).ToBeFocusedAsync();
        await page.Page.Keyboard.TypeAsync("right");
        await page.Page.Keyboard.PressAsync("Enter");
        await Expect(page.Page.Locator("#headline")).ToContainTextAsync("tas-stories");
        await Expect(page.Page.Locator("#problem")).ToBeHiddenAsync();
    }

    [Fact]
    public async Task Text_of_a_model_is_never_taken_for_markup()
    {
        await using var page = await host.OpenAsync();
        const string Evil = "<img src=x onerror=alert(1)><b>bold</b>";
        var token = System.Text.Json.JsonSerializer.Serialize(Evil);
        await page.Page.RouteAsync("**/v1/generate", route => route.FulfillAsync(new()
        {
            ContentType = "text/event-stream",
            Body = "event: answer\ndata: {\"channel\":\"answer\",\"index\":0,\"id\":5,\"text\":" + token + ",\"layer\":6,\"logprob\":-1,\"top\":[{\"id\":5,\"text\":" + token + ",\"logprob\":-1}]}\n\n"
                + "event: done\ndata: {\"finish_reason\":\"stop\",\"thought_closed_by\":\"off\"}\n\n",
        }));
        await page.AskAsync();
        await Expect(page.Answer).ToHaveTextAsync(Evil);
        Assert.Equal(0, await page.Page.Locator(".text img, .text b, #inspector img, #inspector b").CountAsync());
    }

    [Fact]
    public async Task Files_are_sent_with_a_strict_policy_and_not_twice()
    {
        using var index = await host.Server.Http.GetAsync("");
        var policy = string.Join(' ', index.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        var files = Regex.Matches(await index.Content.ReadAsStringAsync(), "(?:src|href)=\"(playground/[^\"#]+)").Select(match => match.Groups[1].Value).ToList();
        Assert.True(files.Count > 3);
        foreach (var file in files)
        {
            using var first = await host.Server.Http.GetAsync(file);
            Assert.Equal(System.Net.HttpStatusCode.OK, first.StatusCode);
            using var again = new HttpRequestMessage(HttpMethod.Get, file);
            again.Headers.IfNoneMatch.Add(first.Headers.ETag!);
            using var second = await host.Server.Http.SendAsync(again);
            Assert.Equal(System.Net.HttpStatusCode.NotModified, second.StatusCode);
        }

        using var missing = await host.Server.Http.GetAsync("playground/none.js");
        Assert.Equal(System.Net.HttpStatusCode.NotFound, missing.StatusCode);
        Assert.Equal("application/json", missing.Content.Headers.ContentType?.MediaType);
    }
}
