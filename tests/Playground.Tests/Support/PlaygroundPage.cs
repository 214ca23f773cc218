using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace InferenceServer.Playground.Tests.Support;

/// <summary>The playground in a browser, in the words of a user. Disposing it checks that the page was quiet: nothing on its console, nothing fetched from elsewhere.</summary>
public sealed partial class PlaygroundPage : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private readonly List<string> _complaints = [];

    private PlaygroundPage(IBrowserContext context, IPage page, PlaygroundServer server)
    {
        _context = context;
        Page = page;
        page.SetDefaultTimeout(20_000);
        Assertions.SetDefaultExpectTimeout(20_000);
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning") _complaints.Add(message.Text);
        };
        page.PageError += (_, error) => _complaints.Add(error);
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(server.Url, StringComparison.Ordinal)) _complaints.Add($"fetched {request.Url}");
            if (request.Url.EndsWith("v1/generate", StringComparison.Ordinal)) Requests.Add(request);
        };
    }

    public IPage Page { get; }

    /// <summary>Generations asked for, in order.</summary>
    public List<IRequest> Requests { get; } = [];

    public IEnumerable<JsonObject> Bodies => Requests.Select(request => JsonNode.Parse(request.PostData!)!.AsObject());

    /// <summary>Refusals that the test provokes: the browser itself notes them on the console.</summary>
    public int ExpectedRefusals { get; set; }

    public ILocator Stages => Page.Locator(".stage");

    public ILocator Thought => Page.Locator(".voice[data-voice=thought] .text").First;

    public ILocator Answer => Page.Locator(".voice[data-voice=answer] .text").First;

    public ILocator ThoughtNote => Page.Locator(".voice[data-voice=thought] .note").First;

    public ILocator AnswerNote => Page.Locator(".voice[data-voice=answer] .note").First;

    public ILocator Inspector => Page.Locator("#inspector");

    internal static async Task<PlaygroundPage> OpenAsync(IBrowserContext context, PlaygroundServer server, string model)
    {
        var page = new PlaygroundPage(context, await context.NewPageAsync(), server);
        await page.Page.GotoAsync($"{server.Url}#{model}");
        await Assertions.Expect(page.Page.Locator("#model")).ToHaveValueAsync(model);
        return page;
    }

    /// <summary>From now on models neither end their thoughts nor their answers before they are told to.</summary>
    public Task MakeEndlessAsync(int tokens) => Page.RouteAsync("**/v1/generate", route =>
    {
        var body = JsonNode.Parse(route.Request.PostData!)!.AsObject();
        body["max_tokens"] = tokens;
        if (!body.ContainsKey("thought")) body["thinking_token_budget"] = tokens;
        body["logit_bias"] = new JsonObject { ["257"] = -100, ["258"] = -100 }; // the ends of sequence and thought of a TinyCheckpoint
        return route.ContinueAsync(new() { PostData = System.Text.Encoding.UTF8.GetBytes(body.ToJsonString()) });
    });

    /// <summary>Tokens are shown as they come.</summary>
    public async Task HurryAsync() => await Page.SelectOptionAsync("#pace", "0");

    /// <summary>Asks, and waits until every stage has its answer.</summary>
    public async Task AskAsync()
    {
        await Page.ClickAsync("#run");
        await DoneAsync();
    }

    public async Task DoneAsync()
    {
        foreach (var stage in await Stages.AllAsync()) await Assertions.Expect(stage).ToHaveAttributeAsync("data-phase", "done");
    }

    public async Task SettingsAsync()
    {
        if (!await Page.Locator("#settings").EvaluateAsync<bool>("settings => settings.open")) await Page.ClickAsync("#settings > summary");
    }

    public async Task<string> FigureAsync(string name, int stage = 0) => await Page.Locator($"[data-figure={name}]").Nth(stage).InnerTextAsync();

    /// <summary>What a voice said: its tokens as the server sent them, without the signs that make blanks visible.</summary>
    public async Task<string> SaidAsync(string voice, int stage = 0) =>
        await Stages.Nth(stage).EvaluateAsync<string>(
            "(stage, voice) => [...stage.querySelectorAll(`.token[data-voice=${voice}]`)].map(element => element.token.text).join('')", voice);

    public async Task<string> ScreenshotAsync(string name, bool whole = false)
    {
        var path = Path.Combine(AppContext.BaseDirectory, "screenshots", $"{name}.png");
        await Page.ScreenshotAsync(new() { Path = path, FullPage = whole, Animations = ScreenshotAnimations.Disabled });
        return path;
    }

    public async ValueTask DisposeAsync()
    {
        await _context.DisposeAsync();
        var refusals = _complaints.Count(complaint => Refusal().IsMatch(complaint));
        Assert.Equal(ExpectedRefusals, refusals);
        Assert.DoesNotContain(_complaints, complaint => !Refusal().IsMatch(complaint));
    }

    [GeneratedRegex("^Failed to load resource")]
    private static partial Regex Refusal();
}
