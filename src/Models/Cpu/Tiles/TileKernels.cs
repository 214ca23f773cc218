using InferenceServer.Models.Cpu.Kernels;
using InferenceServer.Models.Cpu.Weights;

namespace InferenceServer.Models.Cpu.Tiles;

/// <summary>The tile kernels as machine code; each takes a <see cref="TileCall"/>.</summary>
internal static class TileKernels
{
    /// <summary>Bytes that a block asks for ahead of their use.</summary>
    public const int AheadBytes = 256;

    private const int FirstTotal = 16; // vectors 16..31

    // Bf16 weights are asked for this long before their turn: two blocks.
    private static int PairsAhead => 2 * Bf16Panels.BlockBytes;

    /// <summary>
    /// Up to 32 rows times 32 outputs of bf16, all inputs. Per 32 inputs the instruction sums even and odd inputs each for
    /// itself, adds the two and adds that to the total: the order of <see cref="PairTiles{TLanes}"/>.
    /// Tiles: totals 0..3, activations 4 and 5, weights 6 and 7.
    /// </summary>
    /// <param name="both">Whether there are more than 16 rows.</param>
    /// <param name="goOn">Whether the totals go on from what the output holds: inputs are taken in parts that stay in the first-level cache.</param>
    /// <param name="fresh">Whether the weights come from memory: they are asked for ahead.</param>
    public static void Bf16(TileAssembler code, bool both, bool goOn, bool fresh)
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
        for (var line = 0; fresh && line < Bf16Panels.BlockBytes; line += 64) code.Prefetch(Register.Rdx, PairsAhead + line, near: true);
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
    /// Up to sixteen rows times sixteen outputs of bytes in blocks (<see cref="TileBlocks"/>), all inputs: each block's
    /// integer sums leave the tile and are added to the totals as in <see cref="BlockTiles{TDots, TBlocks}"/>, while the
    /// tiles work on the next block. Tiles, in turn: activations 0 and 3, weights 1 and 4, sums 2 and 5.
    /// </summary>
    /// <param name="half">Outputs 0..15 of the strip, or 16..31.</param>
    public static void Blocks(TileAssembler code, int half, int rows)
    {
        code.LoadConfiguration(Register.Rdi, TileCall.ConfigurationAt);
        code.Load(Register.Rax, Register.Rdi, TileCall.ActivationsAt);
        code.Load(Register.Rcx, Register.Rdi, TileCall.ActivationStrideAt);
        code.Load(Register.Rdx, Register.Rdi, TileCall.WeightsAt);
        code.Load(Register.Rsi, Register.Rdi, TileCall.AheadAt);
        code.Load(Register.R8, Register.Rdi, TileCall.BlocksAt);
        code.Load(Register.R9, Register.Rdi, TileCall.ScratchAt);
        code.Load(Register.R11, Register.Rdi, TileCall.WeightStrideAt);
        for (var row = 0; row < rows; row++) code.ZeroVector(FirstTotal + row);

        SumBlock(code, 0, half);
        var onlyEven = code.JumpIfZero();
        var loop = code.Position;
        SumBlock(code, 1, half, () => AddBlock(code, 0, half, rows));
        var lastOdd = code.JumpIfZero();
        SumBlock(code, 0, half, () => AddBlock(code, 1, half, rows));
        code.JumpUnlessZero(loop);
        code.Land(onlyEven);
        AddBlock(code, 0, half, rows);
        StoreTotals(code, rows);
        code.Land(lastOdd);
        AddBlock(code, 1, half, rows);
        StoreTotals(code, rows);
    }

    // Integer sums of a block into its part of the scratch, and on to the next block; zero is set when there is none.
    private static void SumBlock(TileAssembler code, int turn, int half, Action? meanwhile = null)
    {
        var (activations, weights, sums) = (3 * turn, 1 + (3 * turn), 2 + (3 * turn));
        code.TileLoad(activations, Register.Rax, Register.Rcx);
        code.TileLoad(weights, Register.Rdx, Register.R11, half * TileBlocks.HalfBytes);
        code.TileZero(sums);
        code.DotBytes(sums, activations, weights);
        code.TileStore(sums, Register.R9, Register.R11, turn * TileCall.ScratchBytes / 2);
        for (var line = 0; line < AheadBytes; line += 64) code.Prefetch(Register.Rsi, line, near: true);
        meanwhile?.Invoke();
        code.Add(Register.Rsi, AheadBytes);
        code.Add(Register.Rax, ActivationBlocks.BlockBytes);
        code.Add(Register.Rdx, TileBlocks.BlockBytes);
        code.Decrement(Register.R8);
    }

    // The sums of the block before the one that the pointers stand at into the totals.
    private static void AddBlock(TileAssembler code, int turn, int half, int rows)
    {
        const int Scales = 4;
        code.LoadVector(Scales, Register.Rdx, TileBlocks.ScalesAt + (half * 64) - TileBlocks.BlockBytes);
        code.Move(Register.R10, Register.Rax);
        for (var row = 0; row < rows; row++)
        {
            code.ToFloats(0, Register.R9, (turn * TileCall.ScratchBytes / 2) + (64 * row));
            code.Multiply(1, Scales, Register.R10, ActivationBlocks.ScaleOffset - ActivationBlocks.BlockBytes);
            code.MultiplyAdd(FirstTotal + row, 0, 1);
            if (row < rows - 1) code.Add(Register.R10, Register.Rcx);
        }
    }

    private static void StoreTotals(TileAssembler code, int rows)
    {
        code.Load(Register.R10, Register.Rdi, TileCall.OutputAt);
        code.Load(Register.Rcx, Register.Rdi, TileCall.OutputStrideAt);
        for (var row = 0; row < rows; row++)
        {
            code.StoreVector(FirstTotal + row, Register.R10, 0);
            if (row < rows - 1) code.Add(Register.R10, Register.Rcx);
        }

        code.TileRelease();
        code.Return();
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
