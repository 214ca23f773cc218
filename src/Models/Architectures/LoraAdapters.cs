using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Architectures;

/// <summary>
/// Turns a PEFT adapter's tensors, <c>base_model.model.PATH.lora_A.weight</c> [rank, inputs] and <c>lora_B</c> [outputs, rank],
/// into an <see cref="AdapterSpec"/>. Every tensor must be of use and every target must have its pair: an adapter applied in
/// part would be another model.
/// </summary>
internal static class LoraAdapters
{
    private const string Prefix = "base_model.model.";

    // PEFT leaves the adapter's name out of what it saves; a plain state dict has it.
    private static readonly (string Suffix, bool IsB)[] Sides =
    [
        (".lora_A.weight", false), (".lora_B.weight", true), (".lora_A.default.weight", false), (".lora_B.default.weight", true),
    ];

    /// <param name="otherModules">Modules whose tensors somebody else reads, or nobody needs.</param>
    /// <exception cref="CheckpointException">A tensor is unknown, missing, or of a shape that does not fit the base.</exception>
    public static AdapterSpec Read(
        string name, TensorSet tensors, LoraConfig config, LoraLayout layout, DecoderSpec spec, params IReadOnlyList<string> otherModules)
    {
        var pairs = Pairs(tensors, otherModules);
        var targets = new Dictionary<(int, Projection), Lora>();
        var located = new HashSet<(int, string)>();
        string? root = null;
        foreach (var (path, pair) in pairs)
        {
            if (layout.Locate(path) is not { } place || place.Layer >= spec.Layers.Count)
            {
                throw Unsupported(
                    tensors,
                    (pair.A ?? pair.B)!,
                    "The base has no such module to adapt.",
                    $"{layout.Layers}.0 to {layout.Layers}.{spec.Layers.Count - 1} with {string.Join(", ", layout.Modules.Keys)}");
            }

            if (config.Targets.Has(path, place.Layer) == false)
                throw Unsupported(tensors, (pair.A ?? pair.B)!, $"{config.File} does not name this module as a target.", "tensors of its targets only");
            root = path[..^$"{layout.Layers}.{place.Layer}.{place.Module}".Length];
            located.Add(place);
            Add(targets, tensors, config, path, place.Layer, layout.Targets(spec.Layers[place.Layer], place.Module), spec);
        }

        if (root is null) throw Unsupported(tensors, null, "The adapter holds no tensors.", $"tensors '{Prefix}….lora_A.weight' and '….lora_B.weight'");
        RequireAll(tensors, config, layout, spec.Layers.Count, root, located);
        return new AdapterSpec(name, targets);
    }

    private static SortedDictionary<string, (string? A, string? B)> Pairs(TensorSet tensors, IReadOnlyList<string> otherModules)
    {
        var pairs = new SortedDictionary<string, (string? A, string? B)>(StringComparer.Ordinal);
        foreach (var tensor in tensors.Names)
        {
            if (otherModules.Any(module => tensor.StartsWith($"{Prefix}{module}.", StringComparison.Ordinal))) continue;
            var side = Array.Find(Sides, side => tensor.EndsWith(side.Suffix, StringComparison.Ordinal));
            if (side.Suffix is null || !tensor.StartsWith(Prefix, StringComparison.Ordinal))
            {
                throw Unsupported(
                    tensors,
                    tensor,
                    tensor.Contains("magnitude", StringComparison.Ordinal) ? "DoRA is not supported." : "An adapter's tensors are pairs of LoRA; others are not supported.",
                    $"'{Prefix}….lora_A.weight' or '….lora_B.weight'");
            }

            var path = tensor[Prefix.Length..^side.Suffix.Length];
            var pair = pairs.GetValueOrDefault(path);
            if ((side.IsB ? pair.B : pair.A) is not null) throw Unsupported(tensors, tensor, "The module has this tensor twice.", "one pair a module");
            pairs[path] = side.IsB ? pair with { B = tensor } : pair with { A = tensor };
        }

        return pairs;
    }

    private static void Add(
        Dictionary<(int, Projection), Lora> targets,
        TensorSet tensors,
        LoraConfig config,
        string path,
        int layer,
        IReadOnlyList<LoraTarget> parts,
        DecoderSpec spec)
    {
        var (rank, scale) = config.Of(path);
        var inputs = LoraLayout.Linear(spec.Layers[layer], parts[0].Projection).Inputs;
        var outputs = parts.Sum(part => part.Rows);
        var a = Matrix.Of(tensors.Get(Stored(tensors, path, isB: false), rank, inputs));
        var b = Matrix.Of(tensors.Get(Stored(tensors, path, isB: true), outputs, rank));
        foreach (var part in parts)
        {
            // A fused module and one of its parts cannot both be there: the family names either.
            targets.Add((layer, part.Projection), new Lora(a, b with { Rows = part.Rows, RowOffset = part.RowOffset }, scale));
        }
    }

    private static string Stored(TensorSet tensors, string path, bool isB) =>
        Sides.Where(side => side.IsB == isB).Select(side => Prefix + path + side.Suffix).FirstOrDefault(tensors.Contains)
        ?? Prefix + path + (isB ? Sides[1] : Sides[0]).Suffix;

    private static void RequireAll(TensorSet tensors, LoraConfig config, LoraLayout layout, int layers, string root, HashSet<(int, string)> located)
    {
        for (var layer = 0; layer < layers; layer++)
        {
            foreach (var module in layout.Modules.Keys)
            {
                var path = $"{root}{layout.Layers}.{layer}.{module}";
                if (located.Contains((layer, module)) || config.Targets.Has(path, layer) != true) continue;
                throw new CheckpointException(
                    CheckpointErrorKind.TensorMissing,
                    tensors.FileOf(tensors.Names.First()),
                    $"{config.File} names this module as a target, but the adapter has no tensors for it.",
                    $"tensor '{Prefix}{path}{Sides[0].Suffix}'");
            }
        }
    }

    private static CheckpointException Unsupported(TensorSet tensors, string? tensor, string problem, string expected) => new(
        CheckpointErrorKind.AdapterUnsupported,
        tensor is null ? tensors.Folder : tensors.FileOf(tensor),
        problem,
        tensor is null ? null : $"tensor '{tensor}'",
        expected);
}
