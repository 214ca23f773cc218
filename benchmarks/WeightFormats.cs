using InferenceServer.Models.Cpu;

namespace InferenceServer.Benchmarks;

/// <summary>Weight formats by the names the server's settings give them.</summary>
internal static class WeightFormats
{
    public static string Name(WeightFormat format) => format switch
    {
        WeightFormat.Q8 => "int8",
        WeightFormat.Q4 => "int4",
        _ => format.ToString().ToLowerInvariant(),
    };

    /// <exception cref="ArgumentException">There is no such format.</exception>
    public static WeightFormat Parse(string name) => Enum.GetValues<WeightFormat>()
        .Where(format => Name(format).Equals(name, StringComparison.OrdinalIgnoreCase) || $"{format}".Equals(name, StringComparison.OrdinalIgnoreCase))
        .Select(format => (WeightFormat?)format)
        .FirstOrDefault() ?? throw new ArgumentException($"'{name}' is not a weight format; there are {string.Join(", ", Enum.GetValues<WeightFormat>().Select(Name))}.");
}
