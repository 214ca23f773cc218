using System.Numerics;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Torch.Memory;

namespace InferenceServer.Models.Torch.Attention;

/// <summary>
/// Which groups of a segment attend in one operation: decoding sequences together, padded to the longest of about
/// their length; a long chunk of a prompt by itself.
/// </summary>
internal static class AttentionBuckets
{
    // Groups of more rows have work enough of their own.
    private const int MostRows = 8;

    // Sequences up to this length are padded to each other; beyond, only to the next power of two.
    private const int ShortLength = 256;

    // Rows times positions of one padded operation: bounds its scores.
    private const long MostWork = 1 << 22;

    public static IReadOnlyList<AttentionBucket> Of(Segment segment, KvGeometry geometry, KvStore kv, TorchDevice device)
    {
        var buckets = new List<AttentionBucket>();
        foreach (var alike in segment.Active.Where(rows => rows.Group.Count > 0).GroupBy(Kind))
        {
            var together = new List<SegmentRows>();
            foreach (var rows in alike)
            {
                var length = Math.Max(Length(rows), together.Count == 0 ? 0 : together.Max(Length));
                if (together.Count > 0 && (together.Count + 1L) * rows.Group.Count * length > MostWork)
                {
                    buckets.Add(new AttentionBucket(segment, together, geometry, kv, device));
                    together = [];
                }

                together.Add(rows);
            }

            buckets.Add(new AttentionBucket(segment, together, geometry, kv, device));
        }

        return buckets;
    }

    /// <summary>Positions that the last row of a group sees.</summary>
    public static int Length(SegmentRows rows) => rows.Group.Start + rows.Group.Count;

    private static (int Rows, int Size, int Offset) Kind(SegmentRows rows) => rows.Group.Count > MostRows
        ? (rows.Group.Count, 0, rows.Offset)
        : (rows.Group.Count, BitOperations.Log2((uint)Math.Max(Length(rows) - 1, ShortLength - 1)), -1);
}
