using System.Diagnostics;
using InferenceServer.Playground.Tests.Support;
using static Microsoft.Playwright.Assertions;

namespace InferenceServer.Playground.Tests;

/// <summary>The code the page offers is run, as it was copied.</summary>
public sealed class SnippetTests(PlaygroundHost host)
{
    private const string Question = "David has 25 shells. He buys 14 more. Then he gives 18 of them away. How many of \"David's\" shells are left?";

    [Theory]
    [InlineData("curl", "bash", "request.sh")]
    [InlineData("node", "node", "request.mjs")]
    public async Task It_streams_what_the_page_showed(string language, string program, string file)
    {
        Assert.SkipUnless(Exists(program) && Exists(language), $"{language} is not installed.");
        await using var page = await host.OpenAsync();
        await page.HurryAsync();
        await page.Page.FillAsync("#prompt", Question);
        await page.AskAsync();
        var folder = Directory.CreateTempSubdirectory("inference-server-snippet-");
        var path = Path.Combine(folder.FullName, file);
        await File.WriteAllTextAsync(path, await CodeAsync(page, language));
        var output = await RunAsync(program, path);
        folder.Delete(recursive: true);
        foreach (var token in await page.Page.EvaluateAsync<string[]>("[...document.querySelectorAll('.token')].map(element => JSON.stringify(element.token.text))"))
            Assert.Contains(token, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tabs_move_with_the_arrow_keys_and_each_holds_the_request()
    {
        await using var page = await host.OpenAsync();
        await page.Page.FillAsync("#prompt", Question);
        await page.Page.ClickAsync("#code summary");
        await page.Page.Locator("#tab-curl").FocusAsync();
        foreach (var (id, sign) in new[] { ("tab-node", "await fetch("), ("tab-csharp", "SseParser.Create"), ("tab-curl", "curl -N") })
        {
            await page.Page.Keyboard.PressAsync("ArrowRight");
            await Expect(page.Page.Locator($"#{id}")).ToHaveAttributeAsync("aria-selected", "true");
            await Expect(page.Page.Locator("#snippet")).ToContainTextAsync(sign);
            await Expect(page.Page.Locator("#snippet")).ToContainTextAsync("How many of");
        }

        await page.Page.FillAsync("#max-tokens", "77");
        await Expect(page.Page.Locator("#snippet")).ToContainTextAsync("\"max_tokens\":77");
    }

    [Fact]
    public async Task Copy_puts_it_on_the_clipboard()
    {
        await using var page = await host.OpenAsync();
        await page.Page.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        var code = await CodeAsync(page, "csharp");
        await page.Page.ClickAsync("#copy");
        await Expect(page.Page.Locator("#copy")).ToHaveTextAsync("Copied");
        Assert.Equal(code, await page.Page.EvaluateAsync<string>("navigator.clipboard.readText()"));
    }

    private static async Task<string> CodeAsync(PlaygroundPage page, string language)
    {
        await page.Page.ClickAsync("#code summary");
        await page.Page.ClickAsync($"#tab-{language}");
        return await page.Page.Locator("#snippet").EvaluateAsync<string>("element => element.textContent");
    }

    private static bool Exists(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, program)));

    private static async Task<string> RunAsync(string program, string path)
    {
        using var process = Process.Start(new ProcessStartInfo(program, path) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, output + await errors);
        return output;
    }
}
