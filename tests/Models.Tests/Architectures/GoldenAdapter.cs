using System.Text.Json;
using InferenceServer.Models.Architectures;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Tests.Conformance;
using InferenceServer.Models.Tests.Thinking;

namespace InferenceServer.Models.Tests.Architectures;

/// <summary>An adapter in PEFT's layout with the greedy answer PyTorch gives on its base (tests/golden/make_adapters.py).</summary>
internal sealed class GoldenAdapter
{
    private GoldenAdapter(string name, JsonElement expected)
    {
        Name = name;
        Base = expected.GetProperty("base").GetString()!;
        Tokens = GoldenFile.Ids(expected, "tokens");
        Answer = GoldenFile.Ids(expected, "answer");
        Logits = [.. expected.GetProperty("logits").EnumerateArray().Select(row => row.EnumerateArray().Select(value => value.GetDouble()).ToArray())];
    }

    public static TheoryData<string> Names => [.. All().Select(adapter => adapter.Name)];

    public string Name { get; }

    /// <summary>The golden checkpoint it adapts.</summary>
    public string Base { get; }

    public int[] Tokens { get; }

    public int[] Answer { get; }

    /// <summary>[answer][vocabulary]</summary>
    public double[][] Logits { get; }

    public string Path => Folder(Name);

    public static string Folder(string name) => System.IO.Path.Combine(System.IO.Path.GetDirectoryName(Golden.Root())!, "GoldenAdapters", name);

    public static IReadOnlyList<GoldenAdapter> All() =>
        [.. Directory.EnumerateDirectories(Folder("")).Select(path => System.IO.Path.GetFileName(path)).Order(StringComparer.Ordinal).Select(Open)];

    public static GoldenAdapter Open(string name) =>
        new(name, JsonElement.Parse(File.ReadAllText(System.IO.Path.Combine(Folder(name), "expected.json"))));

    /// <summary>All of them on one base, as the loader makes them; each setup's spec is the one that holds all adapters.</summary>
    /// <param name="opened">Takes what must stay open.</param>
    public static IReadOnlyList<TinySetup> Setups(IReadOnlyList<GoldenAdapter> adapters, List<IDisposable> opened, ThinkingMethod? method = null)
    {
        var checkpoint = Checkpoint.Open(AdapterCheckpoint.FindBase(adapters[0].Path, given: null));
        opened.Add(checkpoint);
        var basis = ModelBuilder.BuildBase(checkpoint);
        var spec = basis.Spec;
        var built = new List<BuiltModel>();
        foreach (var adapter in adapters)
        {
            var files = AdapterCheckpoint.Open(adapter.Path);
            opened.Add(files);
            built.Add(ModelBuilder.Adapt(spec, basis, checkpoint, files, method));
            spec = built[^1].Spec;
        }

        return [.. built.Select(model => new TinySetup(spec, model.Method.Block, new HashSet<int>()) { Adapters = model.Adapters })];
    }
}
