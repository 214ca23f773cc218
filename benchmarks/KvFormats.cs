using InferenceServer.Models.Cpu;

namespace InferenceServer.Benchmarks;

/// <summary>Formats of keys and values by the names the server's settings give them.</summary>
internal static class KvFormats
{
    public static string Name(KvFormat format) => format == KvFormat.Q8 ? "int8" : format.ToString().ToLowerInvariant();

    /// <exception cref="ArgumentException">There is no such format.</exception>
    public static KvFormat Parse(string name) => Enum.GetValues<KvFormat>()
        .Where(format => Name(format).Equals(name, StringComparison.OrdinalIgnoreCase))
        .Select(format => (KvFormat?)format)
        .FirstOrDefault() ?? throw new ArgumentException($"'{name}' is not a KV format; there are {string.Join(", ", Enum.GetValues<KvFormat>().Select(Name))}.");
}
