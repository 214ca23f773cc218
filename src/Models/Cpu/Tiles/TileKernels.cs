using InferenceServer.Models.Cpu.Kernels;
using InferenceServer.Models.Cpu.Weights;

namespace InferenceServer.Models.Cpu.Tiles;

/// <summary>The tile kernels as machine code; each takes a <see cref="TileCall"/>.</summary>
internal static class TileKernels
{
    private const int FirstTotal = 16; // vectors 16..31

    /// <summary>
    /// Up to 32 rows times 32 outputs of bf16, all inputs. Per 32 inputs the instruction sums even and odd inputs each for
    /// itself, adds the two and adds that to the total: the order of <see cref="PairTiles{TLanes}"/>.
    /// Tiles: totals 0..3, activations 4 and 5, weights 6 and 7.
    /// </summary>
    /// <param name="both">Whether there are more than 16 rows.</param>
    public static void Bf16(TileAssembler code, bool both)
    {
        code.LoadConfiguration(Register.Rdi, TileCall.ConfigurationAt);
        code.Load(Register.Rax, Register.Rdi, TileCall.ActivationsAt);
        code.Load(Register.Rcx, Register.Rdi, TileCall.ActivationStrideAt);
        code.Load(Register.Rdx, Register.Rdi, TileCall.WeightsAt);
        code.Load(Register.Rsi, Register.Rdi, TileCall.WeightStrideAt);
        code.Load(Register.R8, Register.Rdi, TileCall.BlocksAt);
        code.Load(Register.R9, Register.Rdi, TileCall.OutputAt);
        code.Load(Register.R11, Register.Rdi, TileCall.OutputStrideAt);
        SixteenRowsOn(code, Register.R10, Register.Rax, Register.Rcx);
        for (var total = 0; total < (both ? 4 : 2); total++) code.TileZero(total);

        var loop = code.Position;
        code.TileLoad(4, Register.Rax, Register.Rcx);
        code.TileLoad(6, Register.Rdx, Register.Rsi);
        code.DotBf16(0, 4, 6);
        code.TileLoad(7, Register.Rdx, Register.Rsi, Bf16Panels.HalfBytes);
        code.DotBf16(1, 4, 7);
        if (both)
        {
            code.TileLoad(5, Register.R10, Register.Rcx);
            code.DotBf16(2, 5, 6);
            code.DotBf16(3, 5, 7);
            code.Add(Register.R10, WeightBlocks.Inputs * sizeof(ushort));
        }

        code.Add(Register.Rax, WeightBlocks.Inputs * sizeof(ushort));
        code.Add(Register.Rdx, Bf16Panels.BlockBytes);
        code.Decrement(Register.R8);
        code.JumpUnlessZero(loop);

        code.TileStore(0, Register.R9, Register.R11);
        code.TileStore(1, Register.R9, Register.R11, 64);
        if (both)
        {
            SixteenRowsOn(code, Register.R10, Register.R9, Register.R11);
            code.TileStore(2, Register.R10, Register.R11);
            code.TileStore(3, Register.R10, Register.R11, 64);
        }

        code.TileRelease();
        code.Return();
    }

    /// <summary>
    /// Sixteen rows times sixteen outputs of bytes in blocks, all inputs: each block's integer sums leave the tile and are
    /// added to the totals as in <see cref="BlockTiles{TDots, TBlocks}"/>. Tiles: activations 0, weights 1, sums 2.
    /// </summary>
    /// <param name="half">Outputs 0..15 of the strip, or 16..31.</param>
    public static void Blocks(TileAssembler code, int half)
    {
        const int Scales = 4;
        code.LoadConfiguration(Register.Rdi, TileCall.ConfigurationAt);
        code.Load(Register.Rax, Register.Rdi, TileCall.ActivationsAt);
        code.Load(Register.Rcx, Register.Rdi, TileCall.ActivationStrideAt);
        code.Load(Register.Rdx, Register.Rdi, TileCall.WeightsAt);
        code.Load(Register.Rsi, Register.Rdi, TileCall.WeightStrideAt);
        code.Load(Register.R8, Register.Rdi, TileCall.BlocksAt);
        code.Load(Register.R9, Register.Rdi, TileCall.ScratchAt);
        code.Load(Register.R11, Register.Rdi, TileCall.ScratchStrideAt);
        for (var row = 0; row < TileCall.TileRows; row++) code.ZeroVector(FirstTotal + row);

        var loop = code.Position;
        code.TileLoad(0, Register.Rax, Register.Rcx);
        code.TileLoad(1, Register.Rdx, Register.Rsi, half * Int8Blocks.HalfBytes);
        code.TileZero(2);
        code.DotSignedUnsigned(2, 0, 1);
        code.TileStore(2, Register.R9, Register.R11);
        code.LoadVector(Scales, Register.Rdx, Int8Blocks.QuantBytes);
        if (half == 1) code.ShiftRight(Scales, 16);
        code.ShiftLeft(Scales, 16);
        code.Move(Register.R10, Register.Rax);
        for (var row = 0; row < TileCall.TileRows; row++)
        {
            code.LoadVector(0, Register.R9, 64 * row);
            code.AddIntegers(0, 0, Register.R10, ActivationBlocks.BiasOffset);
            code.ToFloats(0, 0);
            code.Multiply(1, Scales, Register.R10, ActivationBlocks.ScaleOffset);
            code.MultiplyAdd(FirstTotal + row, 0, 1);
            code.Add(Register.R10, Register.Rcx);
        }

        code.Add(Register.Rax, ActivationBlocks.BlockBytes);
        code.Add(Register.Rdx, Int8Blocks.BlockBytes);
        code.Decrement(Register.R8);
        code.JumpUnlessZero(loop);

        code.Load(Register.R10, Register.Rdi, TileCall.OutputAt);
        code.Load(Register.Rcx, Register.Rdi, TileCall.OutputStrideAt);
        code.Load(Register.R8, Register.Rdi, TileCall.RowsAt);
        var done = new List<int>();
        for (var row = 0; row < TileCall.TileRows; row++)
        {
            code.StoreVector(FirstTotal + row, Register.R10, 0);
            code.Add(Register.R10, Register.Rcx);
            code.Decrement(Register.R8);
            done.Add(code.JumpIfZero());
        }

        foreach (var jump in done) code.Land(jump);
        code.TileRelease();
        code.Return();
    }

    // to = from + 16 · stride
    private static void SixteenRowsOn(TileAssembler code, Register to, Register from, Register stride)
    {
        code.Move(to, from);
        for (var row = 0; row < TileCall.TileRows; row++) code.Add(to, stride);
    }
}
