namespace InferenceServer.Access;

/// <summary>On whose behalf a request is answered: a key, or, where none are configured, anybody.</summary>
/// <param name="Name">Of the key; null where there is none.</param>
/// <param name="MaySeeThoughts">Whether its answers may show thoughts.</param>
/// <param name="MayCommand">Whether it may command the streams it has started.</param>
/// <param name="Limits">What it may use; null = no limit.</param>
public sealed record Caller(string? Name, bool MaySeeThoughts, bool MayCommand, RateLimits? Limits)
{
    /// <summary>Of a path that needs no key: it may do nothing that does.</summary>
    public static Caller Nobody { get; } = new(null, MaySeeThoughts: false, MayCommand: false, Limits: null);

    /// <summary>Who was identified by <see cref="AccessMiddleware"/>.</summary>
    public static Caller Of(HttpContext? context) => context?.Features.Get<Caller>() ?? Nobody;

    /// <summary>Only requests of the same key and the same salt share cached prompts: timing tells a key nothing of another's.</summary>
    public string Salted(string salt) => Name is null ? salt : $"{Name}/{salt}";

    /// <summary>Tokens that were read or generated for it.</summary>
    public void Used(int tokens) => Limits?.Tokens?.Charge(tokens);

    /// <summary>The same key, whatever its settings.</summary>
    public bool Is(Caller other) => Name == other.Name;
}
