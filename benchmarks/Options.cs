using System.Globalization;

namespace InferenceServer.Benchmarks;

/// <summary>Options of a command, each a name and a value.</summary>
internal sealed class Options(string[] args)
{
    public int Number(string name, int otherwise) =>
        Text(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    public T? Choice<T>(string name)
        where T : struct, Enum => Text(name) is { } text ? Enum.Parse<T>(text, ignoreCase: true) : null;

    public string? Text(string name)
    {
        var at = Array.IndexOf(args, name);
        return at >= 0 && at + 1 < args.Length ? args[at + 1] : null;
    }
}
