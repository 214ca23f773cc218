using System.Globalization;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Architectures;

/// <param name="Projection">The projection of the seam that a published module is, or is a part of.</param>
/// <param name="RowOffset">First output of the module that belongs to it.</param>
/// <param name="Rows">Outputs that belong to it.</param>
public sealed record LoraTarget(Projection Projection, int RowOffset, int Rows);

/// <summary>
/// How a family names the linear layers an adapter may target. A module is one projection, or several fused, one under
/// the other: then B [outputs, rank] is cut by rows, and every part shares A [rank, inputs]. PEFT stores A and B this
/// way round for GPT-2's Conv1D too, though its base weights are [inputs, outputs].
/// </summary>
/// <param name="Layers">The list of layers, as in <c>model.layers.3.mlp.up_proj</c>.</param>
/// <param name="Modules">The projections of each module, in the order their outputs are stacked, by name within a layer.</param>
public sealed record LoraLayout(string Layers, IReadOnlyDictionary<string, IReadOnlyList<Projection>> Modules)
{
    /// <summary>The module a path such as <c>base_model.model.model.layers.3.self_attn.q_proj</c> leads to.</summary>
    /// <returns>Null where it leads to none of a layer's.</returns>
    public (int Layer, string Module)? Locate(string path)
    {
        var marker = $".{Layers}.";
        var at = $".{path}".LastIndexOf(marker, StringComparison.Ordinal);
        if (at < 0) return null;
        var rest = path[(at + marker.Length - 1)..];
        var dot = rest.IndexOf('.', StringComparison.Ordinal);
        return dot > 0
            && int.TryParse(rest.AsSpan(0, dot), NumberStyles.None, CultureInfo.InvariantCulture, out var layer)
            && Modules.ContainsKey(rest[(dot + 1)..])
                ? (layer, rest[(dot + 1)..])
                : null;
    }

    /// <summary>Which rows of a module are which projection of this layer; their sum is the module's outputs.</summary>
    /// <exception cref="KeyNotFoundException">The family has no such module.</exception>
    public IReadOnlyList<LoraTarget> Targets(LayerSpec layer, string module)
    {
        var targets = new List<LoraTarget>();
        var offset = 0;
        foreach (var projection in Modules[module])
        {
            var rows = Linear(layer, projection).Outputs;
            targets.Add(new LoraTarget(projection, offset, rows));
            offset += rows;
        }

        return targets;
    }

    internal static Linear Linear(LayerSpec layer, Projection projection) => projection switch
    {
        Projection.Query => layer.Attention.Query,
        Projection.Key => layer.Attention.Key,
        Projection.Value => layer.Attention.Value,
        Projection.Output => layer.Attention.Output,
        Projection.Gate when layer.Mlp.Gate is { } gate => gate,
        Projection.Up => layer.Mlp.Up,
        Projection.Down => layer.Mlp.Down,
        _ => throw new ArgumentOutOfRangeException(nameof(projection), projection, "The layer has no such projection."),
    };
}
