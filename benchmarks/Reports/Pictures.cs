namespace InferenceServer.Benchmarks.Reports;

/// <summary>Writes pictures where the command was told to (<c>--picture FILE.svg</c>); nothing otherwise.</summary>
internal static class Pictures
{
    private static readonly SortedSet<string> Written = new(StringComparer.Ordinal);

    /// <summary>Over what an earlier call wrote: a run that is stopped has the picture of what it measured.</summary>
    /// <param name="part">Told apart by this where a command draws several: FILE-part.svg.</param>
    public static void Write(Options options, Func<string> draw, string? part = null)
    {
        if (options.Text("--picture") is not { } file) return;
        var path = part is null ? file : Path.Combine(Path.GetDirectoryName(file) ?? "", $"{Path.GetFileNameWithoutExtension(file)}-{part}.svg");
        File.WriteAllText(path, draw());
        Written.Add(path);
    }

    /// <summary>Names what was written.</summary>
    public static void Tell()
    {
        foreach (var path in Written) Console.WriteLine($"picture: {path}");
    }
}
