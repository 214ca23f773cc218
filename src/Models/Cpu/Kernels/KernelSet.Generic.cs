using InferenceServer.Models.Cpu.Lanes;
using InferenceServer.Models.Cpu.Weights;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Cpu.Kernels;

/// <summary>The kernels compiled for one width of registers.</summary>
internal sealed unsafe class KernelSet<TLanes, TDots> : KernelSet
    where TLanes : unmanaged, ILanes<TLanes>
    where TDots : unmanaged, IDots<TDots>
{
    public override KernelPath Path => TLanes.Path;

    public override string Name => typeof(TDots) == typeof(Dots256<VnniProduct>) ? $"{Path} + VNNI" : $"{Path}";

    public override void Product(PackedMatrix weight, int firstStrip, int strips, float* x, nint ldx, float* y, nint ldy, int rows)
    {
        switch (weight.Format)
        {
            case WeightFormat.F32: Product<F32Panels>(weight, firstStrip, strips, x, ldx, y, ldy, rows); break;
            case WeightFormat.BF16: Product<Bf16Panels>(weight, firstStrip, strips, x, ldx, y, ldy, rows); break;
            default: throw new ArgumentOutOfRangeException(nameof(weight), weight.Format, "Unknown weight format.");
        }
    }

    public override void BlockProduct(PackedMatrix weight, int firstStrip, int strips, byte* x, nint ldx, float* y, nint ldy, int rows)
    {
        switch (weight.Format)
        {
            case WeightFormat.Q8: BlockProduct<Int8Blocks>(weight, firstStrip, strips, x, ldx, y, ldy, rows); break;
            case WeightFormat.Q4: BlockProduct<Int4Blocks>(weight, firstStrip, strips, x, ldx, y, ldy, rows); break;
            default: throw new ArgumentOutOfRangeException(nameof(weight), weight.Format, "Not a quantised format.");
        }
    }

    public override void RmsNorm(float* x, float* weight, float* y, int length, float epsilon) =>
        RowKernels<TLanes>.RmsNorm(x, weight, y, length, epsilon);

    public override void LayerNorm(float* x, float* weight, float* bias, float* y, int length, float epsilon) =>
        RowKernels<TLanes>.LayerNorm(x, weight, bias, y, length, epsilon);

    public override void AddScaled(float* y, float* x, float scale, int length) => RowKernels<TLanes>.AddScaled(y, x, scale, length);

    public override void Activate(Activation activation, float* x, float* up, int length) =>
        RowKernels<TLanes>.Activate(activation, x, up, length);

    public override void Rotate(float* x, float* cos, float* sin, int half) => RowKernels<TLanes>.Rotate(x, cos, sin, half);

    public override void Scores(float* q, nint ldq, int queries, float* keys, int headDim, float* scores, nint ldScores) =>
        AttentionKernels<TLanes>.Scores(q, ldq, queries, keys, headDim, scores, ldScores);

    public override float Exponentials(float* scores, int length) => AttentionKernels<TLanes>.Exponentials(scores, length);

    public override void Accumulate(
        float* p, nint ldp, int queries, float* values, int count, int width, float* output, nint ldo) =>
        AttentionKernels<TLanes>.Accumulate(p, ldp, queries, values, count, width, output, ldo);

    private static void Product<TPanels>(
        PackedMatrix weight, int firstStrip, int strips, float* x, nint ldx, float* y, nint ldy, int rows)
        where TPanels : struct, IWeightPanels
    {
        for (var strip = firstStrip; strip < firstStrip + strips; strip++)
        {
            var w = weight.Strip(strip);
            var to = y + (strip * IStripPacker.StripOutputs);
            if (TLanes.Path == KernelPath.Avx512) Wide<TPanels>(w, weight.Inputs, x, ldx, to, ldy, rows);
            else Narrow<TPanels>(w, weight.Inputs, x, ldx, to, ldy, rows);
        }
    }

    private static void BlockProduct<TBlocks>(
        PackedMatrix weight, int firstStrip, int strips, byte* x, nint ldx, float* y, nint ldy, int rows)
        where TBlocks : struct, IWeightBlocks
    {
        var blocks = WeightBlocks.Count(weight.Inputs);
        for (var strip = firstStrip; strip < firstStrip + strips; strip++)
        {
            var w = weight.Strip(strip);
            var to = y + (strip * IStripPacker.StripOutputs);
            var row = 0;
            for (; rows - row >= 4; row += 4)
            {
                BlockTiles<TDots, TBlocks>.Rows4Half(x + (row * ldx), ldx, w, blocks, to + (row * ldy), ldy, 0);
                BlockTiles<TDots, TBlocks>.Rows4Half(x + (row * ldx), ldx, w, blocks, to + (row * ldy), ldy, 1);
            }

            for (; rows - row >= 2; row += 2) BlockTiles<TDots, TBlocks>.Rows2(x + (row * ldx), ldx, w, blocks, to + (row * ldy), ldy);
            if (row < rows) BlockTiles<TDots, TBlocks>.Rows1(x + (row * ldx), w, blocks, to + (row * ldy));
        }
    }

    private static void Wide<TPanels>(byte* w, int inputs, float* x, nint ldx, float* y, nint ldy, int rows)
        where TPanels : struct, IWeightPanels
    {
        var row = 0;
        for (; rows - row >= 12; row += 12) ProductTiles<TLanes, TPanels>.Rows12(x + (row * ldx), ldx, w, inputs, y + (row * ldy), ldy);
        for (; rows - row >= 4; row += 4) ProductTiles<TLanes, TPanels>.Rows4(x + (row * ldx), ldx, w, inputs, y + (row * ldy), ldy);
        Few<TPanels>(w, inputs, x + (row * ldx), ldx, y + (row * ldy), ldy, rows - row);
    }

    private static void Narrow<TPanels>(byte* w, int inputs, float* x, nint ldx, float* y, nint ldy, int rows)
        where TPanels : struct, IWeightPanels
    {
        var row = 0;
        for (; rows - row >= 6; row += 6)
        {
            ProductTiles<TLanes, TPanels>.Rows6Half(x + (row * ldx), ldx, w, inputs, y + (row * ldy), ldy, 0);
            ProductTiles<TLanes, TPanels>.Rows6Half(x + (row * ldx), ldx, w, inputs, y + (row * ldy), ldy, 1);
        }

        Few<TPanels>(w, inputs, x + (row * ldx), ldx, y + (row * ldy), ldy, rows - row);
    }

    private static void Few<TPanels>(byte* w, int inputs, float* x, nint ldx, float* y, nint ldy, int rows)
        where TPanels : struct, IWeightPanels
    {
        var row = 0;
        for (; rows - row >= 2; row += 2) ProductTiles<TLanes, TPanels>.Rows2(x + (row * ldx), ldx, w, inputs, y + (row * ldy), ldy);
        if (row < rows) ProductTiles<TLanes, TPanels>.Rows1(x + (row * ldx), ldx, w, inputs, y + (row * ldy), ldy);
    }
}
