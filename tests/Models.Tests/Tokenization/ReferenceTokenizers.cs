using System.Collections.Concurrent;
using InferenceServer.Models.Tokenization;

namespace InferenceServer.Models.Tests.Tokenization;

/// <summary>Published tokenizers outside the repository, found through REFERENCE_DATA.</summary>
internal static class ReferenceTokenizers
{
    public const string Variable = "REFERENCE_DATA";
    private static readonly ConcurrentDictionary<string, Lazy<Tokenizer>> Loaded = new();

    public static string Directory(params string[] parts)
    {
        var root = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipWhen(string.IsNullOrEmpty(root), $"{Variable} is not set: point it at the folder with the published tokenizers.");
        var path = Path.Combine([root!, .. parts]);
        Assert.SkipUnless(System.IO.Directory.Exists(path), $"{path} does not exist.");
        return path;
    }

    public static Tokenizer Load(string name)
    {
        var directory = name == "stories260K" ? Directory("weights", "stories260K", "hf") : Directory("tokenizers", name);
        return Loaded.GetOrAdd(directory, path => new Lazy<Tokenizer>(() => Tokenizer.Load(path))).Value;
    }
}
