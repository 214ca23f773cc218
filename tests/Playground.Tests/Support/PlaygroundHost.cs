using InferenceServer.Playground.Tests.Support;
using Microsoft.Playwright;

[assembly: AssemblyFixture(typeof(PlaygroundHost))]
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace InferenceServer.Playground.Tests.Support;

/// <summary>One server and one browser for all tests; each test opens a page of its own.</summary>
public sealed class PlaygroundHost : IAsyncLifetime
{
    private const string PathVariable = "CHROMIUM";

    private static readonly string[] Places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    private readonly PlaygroundServer _server = new();
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public PlaygroundServer Server => _server;

    private static string? Chromium => Environment.GetEnvironmentVariable(PathVariable) ?? Array.Find(Places, File.Exists);

    public async ValueTask InitializeAsync()
    {
        await _server.StartAsync();
        if (Chromium is not { } path) return;
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = path });
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null) await _browser.DisposeAsync();
        _playwright?.Dispose();
        await _server.DisposeAsync();
    }

    /// <summary>Opens the playground with a model; skips the test where there is no browser.</summary>
    public async Task<PlaygroundPage> OpenAsync(
        string model = "tas-stories", int width = 1280, int height = 860, ColorScheme colors = ColorScheme.Light, ReducedMotion motion = ReducedMotion.NoPreference)
    {
        Assert.SkipWhen(_browser is null, $"No Chromium: install it (apt-get install chromium) or name it in {PathVariable}.");
        var context = await _browser!.NewContextAsync(new()
        {
            ViewportSize = new() { Width = width, Height = height },
            ColorScheme = colors,
            ReducedMotion = motion,
        });
        return await PlaygroundPage.OpenAsync(context, _server, model);
    }
}
