namespace InferenceServer.Hosting;

/// <summary>A setting that cannot be used; the message names it and says what it may be.</summary>
public sealed class SettingsException(string message) : Exception(message)
{
    internal static void Require(bool condition, string section, string name, string expected, object? found)
    {
        if (!condition) throw new SettingsException($"{section}:{name} must be {expected}; it is '{found}'.");
    }
}
