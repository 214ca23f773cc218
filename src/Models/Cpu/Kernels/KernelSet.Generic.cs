using InferenceServer.Models.Cpu.Lanes;
using InferenceServer.Models.Cpu.Memory;
using InferenceServer.Models.Cpu.Tiles;
using InferenceServer.Models.Cpu.Weights;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Cpu.Kernels;

/// <summary>The kernels compiled for one width of registers.</summary>
internal sealed unsafe class KernelSet<TLanes, TDots>(TileUnit? tiles = null) : KernelSet
    where TLanes : unmanaged, ILanes<TLanes>
    where TDots : unmanaged, IDots<TDots>
{
    // Fewer rows are done before the tiles are set up.
    private const int FewestTileRows = 3;
    private const int FewestBlockTileRows = 7;

    public override KernelPath Path => tiles is null ? TLanes.Path : KernelPath.Amx;

    public override string Name =>
        tiles is not null ? "AMX + AVX-512" : typeof(TDots) == typeof(Dots256<VnniProduct>) ? $"{Path} + VNNI" : $"{Path}";

    public override ActivationForm FormFor(WeightFormat format, int rows) => format switch
    {
        WeightFormat.F32 => ActivationForm.Floats,
        WeightFormat.BF16 => tiles is not null && rows >= FewestTileRows ? ActivationForm.PairTiles : ActivationForm.RoundedFloats,
        _ => tiles is not null && rows >= FewestBlockTileRows ? ActivationForm.ByteTiles : ActivationForm.Blocks,
    };

    public override void Product(
        ActivationForm form, PackedMatrix weight, int firstStrip, int strips, byte* x, nint ldx, float* y, nint ldy, int rows, NativeBuffer scratch)
    {
        if (form == ActivationForm.PairTiles)
        {
            TileProducts.Bf16(tiles!, weight, firstStrip, strips, x, ldx, y, ldy, rows);
            return;
        }

        if (form == ActivationForm.ByteTiles)
        {
            TileProducts.Blocks(tiles!, weight, firstStrip, strips, x, ldx, y, ldy, rows, scratch);
            return;
        }

        for (var strip = firstStrip; strip < firstStrip + strips; strip++)
        {
            var to = y + (strip * IStripPacker.StripOutputs);
            var blocks = WeightBlocks.Count(weight.Inputs);
            switch (weight.Format)
            {
                case WeightFormat.F32: Floats(weight.Strip(strip), weight.Inputs, (float*)x, ldx / sizeof(float), to, ldy, rows); break;
                case WeightFormat.BF16: Pairs(weight.Strip(strip), blocks, (float*)x, ldx / sizeof(float), to, ldy, rows); break;
                case WeightFormat.Q8: Blocks<Int8Blocks>(weight.Strip(strip), blocks, x, ldx, to, ldy, rows); break;
                case WeightFormat.Q4: Blocks<Int4Blocks>(weight.Strip(strip), blocks, x, ldx, to, ldy, rows); break;
                default: throw new ArgumentOutOfRangeException(nameof(weight), weight.Format, "Unknown weight format.");
            }
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

    public override void Scores(
        float* q, nint ldq, int queries, float** tiles, int* at, int count, int headDim, float* scores, nint ldScores) =>
        AttentionKernels<TLanes>.Scores(q, ldq, queries, tiles, at, count, headDim, scores, ldScores);

    public override float Exponentials(float* scores, int length) => AttentionKernels<TLanes>.Exponentials(scores, length);

    public override void Accumulate(
        float* p, nint ldp, int queries, float** pages, int pageTokens, int from, int to, int width, float* output, nint ldo) =>
        ValueKernels<TLanes>.Accumulate(p, ldp, queries, pages, pageTokens, from, to, width, output, ldo);

    private static void Floats(byte* w, int inputs, float* x, nint ldx, float* y, nint ldy, int rows)
    {
        var row = 0;
        if (TLanes.Path == KernelPath.Avx512)
        {
            for (; rows - row >= 12; row += 12) ProductTiles<TLanes>.Rows12(x + (row * ldx), ldx, w, inputs, y + (row * ldy), ldy);
            for (; rows - row >= 4; row += 4) ProductTiles<TLanes>.Rows4(x + (row * ldx), ldx, w, inputs, y + (row * ldy), ldy);
        }
        else
        {
            for (; rows - row >= 6; row += 6)
            {
                ProductTiles<TLanes>.Rows6Half(x + (row * ldx), ldx, w, inputs, y + (row * ldy), ldy, 0);
                ProductTiles<TLanes>.Rows6Half(x + (row * ldx), ldx, w, inputs, y + (row * ldy), ldy, 1);
            }
        }

        for (; rows - row >= 2; row += 2) ProductTiles<TLanes>.Rows2(x + (row * ldx), ldx, w, inputs, y + (row * ldy), ldy);
        if (row < rows) ProductTiles<TLanes>.Rows1(x + (row * ldx), ldx, w, inputs, y + (row * ldy), ldy);
    }

    private static void Pairs(byte* w, int blocks, float* x, nint ldx, float* y, nint ldy, int rows)
    {
        var row = 0;
        if (TLanes.Path == KernelPath.Avx512)
        {
            for (; rows - row >= 4; row += 4) PairTiles<TLanes>.Rows4(x + (row * ldx), ldx, w, blocks, y + (row * ldy), ldy);
            for (; rows - row >= 2; row += 2) PairTiles<TLanes>.Rows2(x + (row * ldx), ldx, w, blocks, y + (row * ldy), ldy);
        }

        for (; rows - row >= 2; row += 2)
        {
            PairTiles<TLanes>.Rows2Half(x + (row * ldx), ldx, w, blocks, y + (row * ldy), ldy, 0);
            PairTiles<TLanes>.Rows2Half(x + (row * ldx), ldx, w, blocks, y + (row * ldy), ldy, 1);
        }

        if (row < rows) PairTiles<TLanes>.Rows1(x + (row * ldx), w, blocks, y + (row * ldy));
    }

    private static void Blocks<TBlocks>(byte* w, int blocks, byte* x, nint ldx, float* y, nint ldy, int rows)
        where TBlocks : struct, IWeightBlocks
    {
        var row = 0;
        for (; rows - row >= 4; row += 4)
        {
            BlockTiles<TDots, TBlocks>.Rows4Half(x + (row * ldx), ldx, w, blocks, y + (row * ldy), ldy, 0);
            BlockTiles<TDots, TBlocks>.Rows4Half(x + (row * ldx), ldx, w, blocks, y + (row * ldy), ldy, 1);
        }

        for (; rows - row >= 2; row += 2) BlockTiles<TDots, TBlocks>.Rows2(x + (row * ldx), ldx, w, blocks, y + (row * ldy), ldy);
        if (row < rows) BlockTiles<TDots, TBlocks>.Rows1(x + (row * ldx), w, blocks, y + (row * ldy));
    }
}
