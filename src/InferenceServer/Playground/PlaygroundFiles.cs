using System.Security.Cryptography;

namespace InferenceServer.Playground;

/// <summary>The page's files, which are part of the assembly: nothing to deploy beside it, nothing to read from disk.</summary>
internal sealed class PlaygroundFiles
{
    private const string Prefix = "playground/";

    private static readonly Dictionary<string, string> Types = new(StringComparer.Ordinal)
    {
        [".html"] = "text/html; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".svg"] = "image/svg+xml",
    };

    private readonly Dictionary<string, PlaygroundFile> _files = new(StringComparer.Ordinal);

    public PlaygroundFiles()
    {
        var assembly = typeof(PlaygroundFiles).Assembly;
        foreach (var name in assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            using var stream = assembly.GetManifestResourceStream(name)!;
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            var tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]}\"";
            _files[name[Prefix.Length..]] = new PlaygroundFile(bytes, Types[Path.GetExtension(name)], tag);
        }
    }

    public PlaygroundFile? Find(string name) => _files.GetValueOrDefault(name);
}

/// <param name="Tag">Entity tag: changes with the content.</param>
internal sealed record PlaygroundFile(byte[] Content, string Type, string Tag);
