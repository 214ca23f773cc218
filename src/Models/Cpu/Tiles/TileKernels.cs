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
    /// <param name="goOn">Whether the totals go on from what the output holds: inputs are taken in parts that stay in the first-level cache.</param>
    public static void Bf16(TileAssembler code, bool both, bool goOn)
    {
        code.LoadConfiguration(Register.Rdi, TileCall.ConfigurationAt);
        code.Load(Register.Rax, Register.Rdi, TileCall.ActivationsAt);
        code.Load(Register.Rcx, Register.Rdi, TileCall.ActivationStrideAt);
        code.Load(Register.Rdx, Register.Rdi, TileCall.WeightsAt);
        code.Load(Register.Rsi, Register.Rdi, TileCall.WeightStrideAt);
        code.Load(Register.R8, Register.Rdi, TileCall.BlocksAt);
        code.Load(Register.R9, Register.Rdi, TileCall.OutputAt);
        code.Load(Register.R11, Register.Rdi, TileCall.OutputStrideAt);
        Totals(code, both, (total, at, offset) =>
        {
            if (goOn) code.TileLoad(total, at, Register.R11, offset);
            else code.TileZero(total);
        });
        SixteenRowsOn(code, Register.R10, Register.Rax, Register.Rcx);

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

        Totals(code, both, (total, at, offset) => code.TileStore(total, at, Register.R11, offset));
        code.TileRelease();
        code.Return();
    }

    /// <summary>
    /// Sixteen rows times sixteen outputs of bytes in blocks, all inputs: each block's integer sums leave the tile and are
    /// added to the totals as in <see cref="BlockTiles{TDots, TBlocks}"/>, while the tile works on the next block.
    /// Tiles: activations 0, weights 1, sums 2.
    /// </summary>
    /// <param name="half">Outputs 0..15 of the strip, or 16..31.</param>
    public static void Blocks(TileAssembler code, int half)
    {
        code.LoadConfiguration(Register.Rdi, TileCall.ConfigurationAt);
        code.Load(Register.Rax, Register.Rdi, TileCall.ActivationsAt);
        code.Load(Register.Rcx, Register.Rdi, TileCall.ActivationStrideAt);
        code.Load(Register.Rdx, Register.Rdi, TileCall.WeightsAt);
        code.Load(Register.R8, Register.Rdi, TileCall.BlocksAt);
        code.Load(Register.R9, Register.Rdi, TileCall.ScratchAt);
        code.Load(Register.R11, Register.Rdi, TileCall.ScratchStrideAt);
        code.Move(Register.Rsi, Register.R9);
        code.Add(Register.Rsi, TileCall.ScratchBytes / 2);
        for (var row = 0; row < TileCall.TileRows; row++) code.ZeroVector(FirstTotal + row);

        SumBlock(code, half);
        var only = code.JumpIfZero();
        var loop = code.Position;
        code.Exchange(Register.R9, Register.Rsi);
        SumBlock(code, half, () => AddBlock(code, half));
        code.JumpUnlessZero(loop);
        code.Land(only);
        code.Exchange(Register.R9, Register.Rsi);
        AddBlock(code, half);

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

    // Integer sums of a block into the scratch at r9, and on to the next block; zero is set when there is none.
    private static void SumBlock(TileAssembler code, int half, Action? meanwhile = null)
    {
        code.TileLoad(0, Register.Rax, Register.Rcx);
        code.TileLoad(1, Register.Rdx, Register.R11, half * Int8Blocks.HalfBytes, twice: true);
        code.TileZero(2);
        code.DotSignedUnsigned(2, 0, 1);
        code.TileStore(2, Register.R9, Register.R11);
        meanwhile?.Invoke();
        code.Add(Register.Rax, ActivationBlocks.BlockBytes);
        code.Add(Register.Rdx, Int8Blocks.BlockBytes);
        code.Decrement(Register.R8);
    }

    // The sums at rsi, of the block before the one that the pointers stand at, into the totals.
    private static void AddBlock(TileAssembler code, int half)
    {
        const int Scales = 4;
        code.LoadVector(Scales, Register.Rdx, Int8Blocks.QuantBytes - Int8Blocks.BlockBytes);
        if (half == 1) code.ShiftRight(Scales, 16);
        code.ShiftLeft(Scales, 16);
        code.Move(Register.R10, Register.Rax);
        for (var row = 0; row < TileCall.TileRows; row++)
        {
            code.LoadVector(0, Register.Rsi, 64 * row);
            code.AddIntegers(0, 0, Register.R10, ActivationBlocks.BiasOffset - ActivationBlocks.BlockBytes);
            code.ToFloats(0, 0);
            code.Multiply(1, Scales, Register.R10, ActivationBlocks.ScaleOffset - ActivationBlocks.BlockBytes);
            code.MultiplyAdd(FirstTotal + row, 0, 1);
            code.Add(Register.R10, Register.Rcx);
        }
    }

    // Totals 0 and 1 at r9, 2 and 3 sixteen rows on.
    private static void Totals(TileAssembler code, bool both, Action<int, Register, int> action)
    {
        action(0, Register.R9, 0);
        action(1, Register.R9, 64);
        if (!both) return;
        SixteenRowsOn(code, Register.R10, Register.R9, Register.R11);
        action(2, Register.R10, 0);
        action(3, Register.R10, 64);
    }

    // to = from + 16 · stride
    private static void SixteenRowsOn(TileAssembler code, Register to, Register from, Register stride)
    {
        code.Move(to, from);
        for (var row = 0; row < TileCall.TileRows; row++) code.Add(to, stride);
    }
}
