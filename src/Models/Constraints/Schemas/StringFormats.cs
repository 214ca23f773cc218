namespace InferenceServer.Models.Constraints.Schemas;

/// <summary>
/// Values of <c>format</c> that are enforced, each as a pattern for part of what the format allows: whatever matches is of the
/// format, and not everything of the format matches. All others are annotations.
/// </summary>
internal static class StringFormats
{
    private const string Day28 = "(0[1-9]|1[0-9]|2[0-8])";
    private const string MonthAndDay = $"((0[1-9]|1[0-2])-{Day28}|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)";
    private const string Date = $"[1-9][0-9]{{3}}-{MonthAndDay}";
    private const string Time = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])";
    private const string Octet = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    private const string Label = "[a-z0-9]([a-z0-9-]{0,14}[a-z0-9])?";
    private const string Host = $"{Label}(\\.{Label}){{0,4}}";

    private static readonly Dictionary<string, string> Patterns = new(StringComparer.Ordinal)
    {
        ["date"] = $"^{Date}$",
        ["time"] = $"^{Time}$",
        ["date-time"] = $"^{Date}T{Time}$",
        ["duration"] = "^P([1-9][0-9]{0,3}W|([0-9]{1,4}D)(T[0-9]{1,4}H([0-9]{1,4}M([0-9]{1,4}S)?)?)?|T[0-9]{1,4}H([0-9]{1,4}M([0-9]{1,4}S)?)?|T[0-9]{1,4}M([0-9]{1,4}S)?|T[0-9]{1,4}S)$",
        ["uuid"] = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
        ["ipv4"] = $"^{Octet}(\\.{Octet}){{3}}$",
        ["ipv6"] = "^([0-9a-f]{1,4}:){7}[0-9a-f]{1,4}$",
        ["hostname"] = $"^{Host}$",
        ["email"] = $"^[A-Za-z0-9]([A-Za-z0-9_+-]{{0,30}}[A-Za-z0-9])?(\\.[A-Za-z0-9]{{1,16}}){{0,3}}@{Host}$",
        ["uri"] = $"^https?://{Host}(:[1-9][0-9]{{0,3}})?(/[A-Za-z0-9._~-]{{0,64}}){{0,8}}(\\?[A-Za-z0-9._~=&-]{{0,128}})?(#[A-Za-z0-9._~-]{{0,64}})?$",
    };

    public static IEnumerable<string> Names => Patterns.Keys;

    public static bool Knows(string format) => Patterns.ContainsKey(format);

    /// <summary>Null for formats that are only annotations.</summary>
    public static string? Pattern(string format) => Patterns.GetValueOrDefault(format);
}
