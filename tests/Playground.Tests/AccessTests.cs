using InferenceServer.Playground.Tests.Support;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace InferenceServer.Playground.Tests;

/// <summary>For everybody: keyboard alone, screen readers, any colours, any width, no motion.</summary>
public sealed class AccessTests(PlaygroundHost host)
{
    private static readonly string Audit = new StreamReader(typeof(AccessTests).Assembly.GetManifestResourceStream("audit.js")!).ReadToEnd();

    [Theory]
    [InlineData(ColorScheme.Light, "tas-stories")]
    [InlineData(ColorScheme.Dark, "tas-stories")]
    [InlineData(ColorScheme.Light, "quiet-star-stories")]
    [InlineData(ColorScheme.Dark, "quiet-star-stories")]
    public async Task Names_contrast_and_structure_hold_before_during_and_after_a_run(ColorScheme colors, string model)
    {
        await using var page = await host.OpenAsync(model, colors: colors, motion: ReducedMotion.Reduce);
        Assert.Empty(await page.Page.EvaluateAsync<string[]>(Audit));
        await page.Page.SelectOptionAsync("#pace", "24");
        await page.Page.ClickAsync("#code summary");
        await page.Page.ClickAsync("#key-drop summary");
        await page.Page.ClickAsync("#run");
        await page.Thought.Locator(".token").Nth(3).WaitForAsync();
        Assert.Empty(await page.Page.EvaluateAsync<string[]>(Audit));
        await page.HurryAsync();
        await page.AskAsync();
        await page.Answer.Locator(".token").Nth(1).HoverAsync();
        Assert.Empty(await page.Page.EvaluateAsync<string[]>(Audit));
        if (await page.Page.Locator(".edit").IsVisibleAsync()) await page.Page.ClickAsync(".edit");
        await page.Page.FillAsync("#max-tokens", "0");
        await page.Page.ClickAsync("#run");
        await page.Page.Locator("#problem").WaitForAsync();
        page.ExpectedRefusals = 1;
        await page.Page.CheckAsync("#compare");
        Assert.Empty(await page.Page.EvaluateAsync<string[]>(Audit));
    }

    [Fact]
    public async Task Everything_can_be_done_with_the_keyboard_alone()
    {
        await using var page = await host.OpenAsync();
        var keyboard = page.Page.Keyboard;
        await page.HurryAsync();
        await page.Page.EvaluateAsync("document.activeElement.blur()");
        await keyboard.PressAsync("Tab");
        await Expect(page.Page.Locator(".skip")).ToBeFocusedAsync();
        await keyboard.PressAsync("Enter");
        await Expect(page.Page.Locator("#prompt")).ToBeFocusedAsync();
        await keyboard.PressAsync("Control+a");
        await keyboard.TypeAsync("Lucy has 30 coins. She finds 12 more. How many coins does Lucy have now?");
        await keyboard.PressAsync("Control+Enter");
        await page.Answer.Locator(".token").First.WaitForAsync();
        await page.DoneAsync();
        Assert.Contains("Lucy", await page.SaidAsync("answer"), StringComparison.Ordinal);

        await TabToAsync(page, ".voice[data-voice=thought] .token");
        await keyboard.PressAsync("ArrowRight");
        await keyboard.PressAsync("ArrowRight");
        await Expect(page.Inspector).ToContainTextAsync("Thought 3, from layer 3 of 6");
        await keyboard.PressAsync("End");
        await Expect(page.Inspector).ToContainTextAsync($"Thought {await page.FigureAsync("thoughts")}, from layer 3 of 6");
        await keyboard.PressAsync("Tab");
        await Expect(page.Inspector).ToContainTextAsync("Answer 1, from layer 6 of 6");

        await page.Page.Locator(".edit").FocusAsync();
        await keyboard.PressAsync("Enter");
        await Expect(page.Page.Locator(".rewrite textarea")).ToBeFocusedAsync();
        await keyboard.PressAsync("Escape");
        await Expect(page.Page.Locator(".edit")).ToBeFocusedAsync();
        await keyboard.PressAsync("Enter");
        await keyboard.PressAsync("Control+a");
        await keyboard.TypeAsync("30+12=40");
        await keyboard.PressAsync("Control+Enter");
        await Expect(page.ThoughtNote).ToHaveTextAsync("Your thought: the model only answered.");
        Assert.Equal("30+12=40", (string)page.Bodies.Last()["thought"]!);
    }

    [Fact]
    public async Task Whatever_has_the_focus_shows_it()
    {
        await using var page = await host.OpenAsync();
        await page.Page.EvaluateAsync("document.activeElement.blur()");
        var seen = new HashSet<string>();
        for (var i = 0; i < 40; i++)
        {
            await page.Page.Keyboard.PressAsync("Tab");
            var (id, style) = await FocusedAsync(page);
            if (id == "BODY" || !seen.Add(id)) break;
            Assert.True(style == "solid", $"{id} has no outline");
        }

        Assert.True(seen.Count >= 12, string.Join(", ", seen));
    }

    [Theory]
    [InlineData("tas-stories")]
    [InlineData("quiet-star-stories")]
    [InlineData("bitune-stories")]
    [InlineData("icot-kd")]
    public async Task Nothing_sticks_out_on_a_phone(string model)
    {
        await using var page = await host.OpenAsync(model, width: 360, height: 740);
        const string Overhang = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        Assert.Equal(0, await page.Page.EvaluateAsync<int>(Overhang));
        await page.SettingsAsync();
        await page.HurryAsync();
        await page.AskAsync();
        await page.Page.ClickAsync("#code summary");
        await page.Page.ClickAsync("#key-drop summary");
        Assert.Equal(0, await page.Page.EvaluateAsync<int>(Overhang));
        Assert.Empty(await page.Page.EvaluateAsync<string[]>(Audit));
        if (!await page.Page.Locator("#compare-switch").IsVisibleAsync()) return;
        await page.Page.Keyboard.PressAsync("Escape");
        await page.Page.ClickAsync("#key-drop summary");
        await page.Page.CheckAsync("#compare");
        await page.AskAsync();
        Assert.Equal(0, await page.Page.EvaluateAsync<int>(Overhang));
    }

    [Fact]
    public async Task Screen_readers_are_told_seldom_and_at_the_end_everything()
    {
        await using var page = await host.OpenAsync();
        await page.Page.EvaluateAsync(
            "window.told = []; new MutationObserver(() => told.push([performance.now(), document.querySelector('#live').textContent])).observe(document.querySelector('#live'), { childList: true })");
        await page.AskAsync();
        await Expect(page.Page.Locator("#live")).ToHaveTextAsync($"Answer: {await page.SaidAsync("answer")}");
        var times = await page.Page.EvaluateAsync<double[]>("told.map(([time]) => time)");
        Assert.InRange(times.Length, 2, 4);
        for (var i = 1; i < times.Length; i++) Assert.True(times[i] - times[i - 1] > 1000, "more than one announcement a second");
    }

    [Fact]
    public async Task Who_wants_no_motion_gets_none()
    {
        await using var page = await host.OpenAsync(motion: ReducedMotion.Reduce);
        await Expect(page.Page.Locator("#pace")).ToHaveValueAsync("0");
        await page.Page.SelectOptionAsync("#pace", "24");
        await page.Page.ClickAsync("#run");
        await page.Thought.Locator(".token").Nth(2).WaitForAsync();
        Assert.Equal(0, await page.Page.EvaluateAsync<int>("document.getAnimations().length"));
    }

    [Fact]
    public async Task Colours_follow_the_system_until_chosen_and_the_choice_is_kept()
    {
        await using var page = await host.OpenAsync(colors: ColorScheme.Dark);
        const string Paper = "getComputedStyle(document.body).backgroundColor";
        var dark = await page.Page.EvaluateAsync<string>(Paper);
        await page.Page.SelectOptionAsync("#theme", "light");
        var light = await page.Page.EvaluateAsync<string>(Paper);
        Assert.NotEqual(dark, light);
        await page.Page.ReloadAsync();
        await Expect(page.Page.Locator("#theme")).ToHaveValueAsync("light");
        Assert.Equal(light, await page.Page.EvaluateAsync<string>(Paper));
    }

    private static async Task TabToAsync(PlaygroundPage page, string selector)
    {
        for (var i = 0; i < 30; i++)
        {
            await page.Page.Keyboard.PressAsync("Tab");
            if (await page.Page.EvaluateAsync<bool>("selector => document.activeElement.matches(selector)", selector)) return;
        }

        Assert.Fail($"Tab never comes to {selector}.");
    }

    private static async Task<(string Id, string Outline)> FocusedAsync(PlaygroundPage page)
    {
        var told = await page.Page.EvaluateAsync<string[]>(
            "[document.activeElement.id || document.activeElement.className || document.activeElement.textContent || document.activeElement.tagName, getComputedStyle(document.activeElement).outlineStyle]");
        return (await page.Page.EvaluateAsync<bool>("document.activeElement === document.body") ? "BODY" : told[0], told[1]);
    }
}
