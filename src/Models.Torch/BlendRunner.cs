using InferenceServer.Models.Decoding;
using InferenceServer.Models.Torch.Memory;

namespace InferenceServer.Models.Torch;

/// <summary>Bitune's blends: positions of two tables, layer by layer (arXiv 2405.14862).</summary>
internal sealed class BlendRunner(DecoderSpec spec, KvGeometry geometry, KvStore kv, TorchDevice device)
{
    public void Run(KvBlend blend)
    {
        if (blend.Count == 0) return;
        using var scope = torch.NewDisposeScope();
        var alphas = spec.Blends[blend.Blend];
        foreach (var layers in Enumerable.Range(blend.Range.Lo, blend.Range.Count).GroupBy(geometry.GroupOf))
        {
            var (into, from) = (Slots(blend.Into, layers.Key, blend.Count), Slots(blend.From, layers.Key, blend.Count));
            foreach (var layer in layers) kv.Blend(layer, into, from, alphas.KeyAlpha[layer], alphas.ValueAlpha[layer]);
        }
    }

    /// <summary>Slots of positions [0, count) of a table.</summary>
    private Tensor Slots(KvTable table, int layerGroup, int count)
    {
        var (pages, slots) = (table.Pages(layerGroup), new long[count]);
        for (var i = 0; i < count; i++) slots[i] = ((long)pages[i / geometry.PageTokens] * geometry.PageTokens) + (i % geometry.PageTokens);
        return device.Upload(slots);
    }
}
