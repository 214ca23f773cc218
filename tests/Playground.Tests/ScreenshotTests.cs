using InferenceServer.Playground.Tests.Support;
using Microsoft.Playwright;

namespace InferenceServer.Playground.Tests;

/// <summary>Pictures to look at, in the folder screenshots beside the tests.</summary>
public sealed class ScreenshotTests(PlaygroundHost host)
{
    [Theory]
    [InlineData("light", "tas-stories", ColorScheme.Light, 1280, 860, false)]
    [InlineData("dark", "tas-stories", ColorScheme.Dark, 1280, 860, false)]
    [InlineData("phone", "tas-stories", ColorScheme.Light, 360, 740, false)]
    [InlineData("quiet-star", "quiet-star-stories", ColorScheme.Light, 1280, 1000, false)]
    [InlineData("side-by-side", "tas-stories", ColorScheme.Light, 1280, 1000, true)]
    public async Task After_a_run(string name, string model, ColorScheme colors, int width, int height, bool compare)
    {
        await using var page = await host.OpenAsync(model, width, height, colors);
        await page.SettingsAsync();
        await page.HurryAsync();
        if (compare) await page.Page.CheckAsync("#compare");
        await page.AskAsync();
        await page.Answer.Locator(".token").Nth(3).HoverAsync();
        var path = await page.ScreenshotAsync(name, whole: width < 500);
        Assert.True(new FileInfo(path).Length > 10_000, "The picture is empty.");
    }

    [Fact]
    public async Task Before_a_run()
    {
        await using var page = await host.OpenAsync();
        var path = await page.ScreenshotAsync("idle");
        Assert.True(new FileInfo(path).Length > 10_000, "The picture is empty.");
    }
}
