using System.Text.Json;

namespace InferenceServer.Benchmarks;

/// <summary>Files of the repository that a benchmark is built from.</summary>
internal static class Repository
{
    /// <exception cref="DirectoryNotFoundException">The program does not lie in its repository.</exception>
    public static string Path(params IReadOnlyList<string> parts)
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = System.IO.Path.GetDirectoryName(folder))
        {
            if (File.Exists(System.IO.Path.Combine(folder, "InferenceServer.sln"))) return System.IO.Path.Combine([folder, .. parts]);
        }

        throw new DirectoryNotFoundException("The repository was not found above the program; run it from a build inside the repository.");
    }

    /// <summary>A bundled checkpoint's held-out problems, with what is expected.</summary>
    public static IEnumerable<JsonElement> HeldOut(string checkpoint) =>
        File.ReadLines(Path("tests", "Models.Tests", "Golden", $"{checkpoint}.jsonl")).Where(line => line.Length > 0).Select(line => JsonElement.Parse(line));
}
