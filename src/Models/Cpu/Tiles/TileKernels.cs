using InferenceServer.Models.Cpu.Kernels;
using InferenceServer.Models.Cpu.Weights;

namespace InferenceServer.Models.Cpu.Tiles;

/// <summary>The tile kernels as machine code; each takes a <see cref="TileCall"/>, on tiles that have the kernel's shapes.</summary>
internal static class TileKernels
{
    /// <summary>Bytes that a block asks for ahead of their use.</summary>
    public const int AheadBytes = 256;

    private const int FirstTotal = 16; // vectors 16..31

    // Bf16 weights are asked for this long before their turn: two blocks.
    private static int PairsAhead => 2 * Bf16Panels.BlockBytes;

    /// <summary>Takes <see cref="TileShapes"/> instead of a call.</summary>
    public static void Shape(TileAssembler code)
    {
        code.LoadConfiguration(Register.Rdi, 0);
        code.Return();
    }

    /// <summary>Gives the tiles back: their contents need not be kept from here on.</summary>
    public static void Release(TileAssembler code)
    {
        code.TileRelease();
        code.Return();
    }

    /// <summary>
    /// Up to 32 rows times 32 outputs of bf16, all inputs. Per 32 inputs the instruction sums even and odd inputs each for
    /// itself, adds the two and adds that to the total: the order of <see cref="PairTiles{TLanes}"/>.
    /// Tiles: totals 0..3, activations 4 and 5, weights 6 and 7.
    /// </summary>
    /// <param name="both">Whether there are more than 16 rows.</param>
    /// <param name="fresh">Whether the weights come from memory: they are asked for ahead.</param>
    public static void Bf16(TileAssembler code, bool both, bool fresh)
    {
        code.Load(Register.Rax, Register.Rdi, TileCall.ActivationsAt);
        code.Load(Register.R10, Register.Rdi, TileCall.NextActivationsAt);
        code.Load(Register.Rdx, Register.Rdi, TileCall.WeightsAt);
        code.Load(Register.R8, Register.Rdi, TileCall.BlocksAt);
        code.Set(Register.Rcx, TileShapes.RowBytes);
        code.Set(Register.Rsi, Bf16Panels.PairBytes);
        for (var total = 0; total < (both ? 4 : 2); total++) code.TileZero(total);

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
            code.Add(Register.R10, TileActivations.PairBlockBytes);
        }

        code.Add(Register.Rax, TileActivations.PairBlockBytes);
        code.Add(Register.Rdx, Bf16Panels.BlockBytes);
        code.Decrement(Register.R8);
        code.JumpUnlessZero(loop);

        code.Load(Register.R9, Register.Rdi, TileCall.OutputAt);
        code.Load(Register.R11, Register.Rdi, TileCall.OutputStrideAt);
        code.TileStore(0, Register.R9, Register.R11);
        code.TileStore(1, Register.R9, Register.R11, TileShapes.RowBytes);
        if (both)
        {
            for (var row = 0; row < TileCall.TileRows; row++) code.Add(Register.R9, Register.R11);
            code.TileStore(2, Register.R9, Register.R11);
            code.TileStore(3, Register.R9, Register.R11, TileShapes.RowBytes);
        }

        code.Return();
    }

    /// <summary>
    /// Up to sixteen rows times sixteen outputs of bytes in blocks (<see cref="TileBlocks"/>), all inputs: each block's
    /// integer sums leave their tile and are added to the totals as in <see cref="BlockTiles{TDots, TBlocks}"/>. A tile is
    /// stored only after the next block's product has begun, and added two blocks later: a store that waits for its tile
    /// keeps the matrix unit waiting as well. Tiles: activations 0, weights 1, sums 2 and 3 in turn.
    /// </summary>
    public static void Blocks(TileAssembler code, int rows)
    {
        code.Load(Register.Rax, Register.Rdi, TileCall.ActivationsAt);
        code.Load(Register.Rdx, Register.Rdi, TileCall.WeightsAt);
        code.Load(Register.Rsi, Register.Rdi, TileCall.AheadAt);
        code.Load(Register.R8, Register.Rdi, TileCall.BlocksAt);
        code.Load(Register.R9, Register.Rdi, TileCall.ScratchAt);
        code.Set(Register.Rcx, WeightBlocks.Inputs);
        code.Set(Register.R11, TileBlocks.GroupBytes);
        for (var row = 0; row < rows; row++) code.ZeroVector(FirstTotal + row);

        SumBlock(code, 0);
        NextBlock(code);
        var onlyOne = code.JumpIfZero();
        SumBlock(code, 1);
        StoreSums(code, 0);
        NextBlock(code);
        var onlyTwo = code.JumpIfZero();
        var loop = code.Position;
        var evenLast = Turn(code, 0, rows);
        _ = Turn(code, 1, rows, back: loop);
        code.Land(onlyTwo);
        Finish(code, 1, rows);
        code.Land(evenLast);
        Finish(code, 0, rows);
        code.Land(onlyOne);
        StoreSums(code, 0);
        AddBlock(code, 0, rows, back: 1);
        StoreTotals(code, rows);
    }

    // A block's product begins, the sums of the one before leave their tile, those of the one before that are added.
    private static int Turn(TileAssembler code, int turn, int rows, int? back = null)
    {
        SumBlock(code, turn);
        StoreSums(code, 1 - turn);
        AddBlock(code, turn, rows, back: 2);
        NextBlock(code);
        if (back is null) return code.JumpIfZero();
        code.JumpUnlessZero(back.Value);
        return 0;
    }

    // The last two blocks.
    private static void Finish(TileAssembler code, int last, int rows)
    {
        StoreSums(code, last);
        AddBlock(code, 1 - last, rows, back: 2);
        AddBlock(code, last, rows, back: 1);
        StoreTotals(code, rows);
    }

    private static void SumBlock(TileAssembler code, int turn)
    {
        code.TileLoad(0, Register.Rax, Register.Rcx);
        code.TileLoad(1, Register.Rdx, Register.R11);
        code.TileZero(2 + turn);
        code.DotBytes(2 + turn, 0, 1);
    }

    private static void StoreSums(TileAssembler code, int turn) => code.TileStore(2 + turn, Register.R9, Register.R11, turn * TileCall.ScratchBytes / 2);

    // Zero is set when there is none.
    private static void NextBlock(TileAssembler code)
    {
        for (var line = 0; line < AheadBytes; line += 64) code.Prefetch(Register.Rsi, line, near: true);
        code.Add(Register.Rsi, AheadBytes);
        code.Add(Register.Rax, TileActivations.ByteBlockBytes);
        code.Add(Register.Rdx, TileBlocks.BlockBytes);
        code.Decrement(Register.R8);
    }

    // The sums of a block so many before the one that the pointers stand at into the totals.
    private static void AddBlock(TileAssembler code, int turn, int rows, int back)
    {
        const int Scales = 4;
        code.LoadVector(Scales, Register.Rdx, TileBlocks.ScalesAt - (back * TileBlocks.BlockBytes));
        for (var row = 0; row < rows; row++)
        {
            code.ToFloats(0, Register.R9, (turn * TileCall.ScratchBytes / 2) + (TileShapes.RowBytes * row));
            code.Multiply(1, Scales, Register.Rax, TileActivations.ScalesAt - (back * TileActivations.ByteBlockBytes) + (sizeof(float) * row));
            code.MultiplyAdd(FirstTotal + row, 0, 1);
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

        code.Return();
    }
}
