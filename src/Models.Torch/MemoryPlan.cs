using System.Globalization;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Torch.Memory;

namespace InferenceServer.Models.Torch;

/// <summary>What a model needs of a device's memory, reckoned from its shape before anything is moved.</summary>
internal sealed class MemoryPlan(DecoderSpec spec, KvGeometry geometry, int elementSize, int stepRows)
{
    // The numbers of one piece's scores and their softmax, and the rows a head takes at once.
    private const long Scores = 1L << 25;
    private const long HeadRows = 64;

    private long WeightCount { get; } = ModelMatrices.Of(spec).Distinct().Sum(matrix => (long)matrix.Rows * matrix.Columns);

    public long Weights => WeightCount * elementSize;

    public long PageBytes { get; } = KvStore.BytesPerPage(spec, geometry, elementSize);

    /// <summary>The largest step: rows in every width they take on, scores, logits and what sampling makes of them.</summary>
    public long Workspace
    {
        get
        {
            var widest = spec.Layers.Max(layer =>
                ((layer.Attention.Heads + (2L * layer.Attention.KvHeads)) * layer.Attention.HeadDim) + (2L * layer.Mlp.Up.Outputs));
            var rows = stepRows * ((8L * sizeof(float) * spec.HiddenSize) + (widest * (elementSize + sizeof(float))));
            var logits = HeadRows * spec.Heads.Max(head => (long)head.Output.Outputs) * ((3 * sizeof(float)) + (6 * sizeof(double)));
            return rows + logits + (2 * Scores * elementSize);
        }
    }

    /// <summary>
    /// Share of KV memory that kept rows may need beside pages: a row kept at the lowest boundary stands for a position
    /// that has keys and values below it. None where rows are only kept to be sampled.
    /// </summary>
    public double KeptShare
    {
        get
        {
            if (spec.Cuts.Count == 0 && spec.SideNets.Count == 0) return 0;
            var below = spec.Cuts.DefaultIfEmpty(spec.Layers.Count).Min();
            var kv = spec.Layers.Take(Math.Max(1, below)).Sum(layer => 2.0 * layer.Attention.KvHeads * layer.Attention.HeadDim * elementSize);
            var row = (double)sizeof(float) * spec.HiddenSize;
            return row / (row + kv);
        }
    }

    /// <summary>Pages that fit into an amount of memory with the rows kept beside them, and a copy of a layer's share.</summary>
    /// <exception cref="DeviceException">Too little for any request.</exception>
    public int Pages(long bytes) => KvBudget.Pages(spec, geometry, (long)(bytes * (1 - KeptShare) / (1 + (1.0 / spec.Layers.Count))), PageBytes);

    /// <summary>For the start-up log.</summary>
    public string Table(string device, string type, int pages, long? free) => string.Create(CultureInfo.InvariantCulture, $"""
        memory of {device}
          weights ({type})      {Gigabytes(Weights)}
          KV pages              {Gigabytes(pages * PageBytes)}  {pages:N0} pages of {PageBytes / 1024.0:N0} KB
          kept hidden states    {Gigabytes((long)(pages * PageBytes * KeptShare / (1 - KeptShare)))}  at most
          a step                {Gigabytes(Workspace)}  at most
          free after that       {(free is null ? "unknown" : Gigabytes(free.Value))}
          KV holds              {(long)pages / geometry.LayerGroups * geometry.PageTokens:N0} tokens in all layers
          longest context       {Math.Min(spec.MaxPositions, (long)pages / geometry.LayerGroups * geometry.PageTokens):N0} tokens
        """);

    public static string Gigabytes(long bytes) => (bytes / 1e9).ToString("F2", CultureInfo.InvariantCulture).PadLeft(7) + " GB";
}
