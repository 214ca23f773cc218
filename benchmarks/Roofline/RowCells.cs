using InferenceServer.Benchmarks.Reports;
using InferenceServer.Benchmarks.Synthetic;
using InferenceServer.Models.Cpu.Kernels;
using InferenceServer.Models.Cpu.Memory;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Benchmarks.Roofline;

/// <summary>Kernels of rows on one thread, over rows that stay in the second-level cache; what they read and write are their bytes.</summary>
internal static unsafe class RowCells
{
    private const int Rows = 16;
    private const int Passes = 20;

    public static IReadOnlyList<OtherCells.Cell> Measure(LlamaShape shape, KernelSet kernels, int rounds)
    {
        using var x = new NativeBuffer((long)Rows * shape.Mlp * sizeof(float));
        using var y = new NativeBuffer((long)Rows * shape.Mlp * sizeof(float));
        new Span<float>(x.Floats, Rows * shape.Mlp).Fill(0.25f);
        new Span<float>(y.Floats, Rows * shape.Mlp).Fill(0.25f);
        (string Name, int Length, Action<nint> Row)[] cells =
        [
            ("RMS norm", shape.Hidden, at => kernels.RmsNorm(x.Floats + at, y.Floats, y.Floats + at, shape.Hidden, LlamaShape.NormEpsilon)),
            ("SiLU times gate", shape.Mlp, at => kernels.Activate(Activation.Silu, x.Floats + at, y.Floats + at, shape.Mlp)),
        ];
        var seconds = Reports.Rounds.Interleave(rounds, [.. cells.Select(cell => (Func<double>)(() => Reports.Rounds.Seconds(() => Pass(cell.Row, cell.Length), Passes)))]);
        return
        [
            .. cells.Select((cell, i) => new OtherCells.Cell(
                $"{cell.Name}, {Rows} rows of {cell.Length}, 1 thread", Statistics.Median(seconds[i]), 3.0 * sizeof(float) * Rows * cell.Length, double.NaN)),
        ];
    }

    private static void Pass(Action<nint> row, int length)
    {
        for (var i = 0; i < Rows; i++) row((nint)i * length);
    }
}
