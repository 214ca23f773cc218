using System.Globalization;
using System.Runtime.InteropServices;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;
using Microsoft.Extensions.Logging;

namespace InferenceServer.Models.Torch;

/// <summary>The GPU engine: <c>cuda:N</c>, and <c>torch-cpu</c> for checking it where there is no GPU.</summary>
public sealed class TorchDecoderSource : IDecoderSource
{
    private const string Processor = "torch-cpu";
    private const string Cuda = "cuda:";

    // Models that load at once must not each count the same memory as free.
    private static readonly Lock OneAtATime = new();

    public bool Runs(string device) => device == Processor || CudaIndex(device) is not null;

    /// <inheritdoc/>
    public OpenedDecoder Open(DecoderSpec spec, ModelOptions options, ILogger logger, IProgress<LoadProgress>? progress)
    {
        var index = CudaIndex(options.Device);
        if (index is null && options.Accelerator.Weights == DType.F16)
            throw new DeviceException($"Device '{Processor}' has no products in f16: set Weights to f32 or bf16 for '{options.Name}'.");
        lock (OneAtATime)
        {
            try
            {
                return Open(spec, options, index, logger, progress);
            }
            catch (ExternalException exception)
            {
                throw new DeviceException(
                    $"'{options.Name}' cannot be moved to {options.Device}: {exception.Message.Split('\n')[0]}. Set a smaller Weights, Engine:KvMemory or Engine:KvFraction.",
                    exception);
            }
        }
    }

    /// <exception cref="DeviceException">The library, the driver or the device is missing.</exception>
    internal static TorchDevice Device(string name, DType weights) => new(TorchLibrary.Open(name, CudaIndex(name)), Type(weights));

    private static OpenedDecoder Open(DecoderSpec spec, ModelOptions options, int? index, ILogger logger, IProgress<LoadProgress>? progress)
    {
        var device = Device(options.Device, options.Accelerator.Weights);
        if (index is null && options.Accelerator.Threads > 0) torch.set_num_threads(options.Accelerator.Threads);
        var plan = new MemoryPlan(spec, KvGeometry.For(spec), device.ElementSize, options.Engine.StepRows);
        if (index is { } number) RequireRoom(plan, options, CudaMemory.Of(number));

        var decoder = new TorchDecoder(spec, device, () => plan.Pages(KvMemory(plan, options, index)), progress);
        long? free = index is null ? null : CudaMemory.Of(index.Value).Free;
        if (logger.IsEnabled(LogLevel.Information))
            logger.LogInformation("{Table}", plan.Table(options.Device, options.Accelerator.Weights.ToString(), decoder.PageCount, free));
        return new OpenedDecoder(decoder, decoder.Description);
    }

    private static void RequireRoom(MemoryPlan plan, ModelOptions options, (long Free, long Total) memory)
    {
        if (plan.Weights + plan.Workspace <= memory.Free) return;
        throw new DeviceException(string.Create(
            CultureInfo.InvariantCulture,
            $"{options.Device} has {memory.Free / 1e9:F1} GB free of {memory.Total / 1e9:F1}, and '{options.Name}' needs {plan.Weights / 1e9:F1} GB for its weights as "
            + $"{options.Accelerator.Weights} and {plan.Workspace / 1e9:F1} GB for a step: choose bf16 weights, a smaller Engine:StepRows, a smaller model or another device."));
    }

    /// <summary>Bytes for pages and kept rows, once the weights are in place.</summary>
    private static long KvMemory(MemoryPlan plan, ModelOptions options, int? index)
    {
        if (index is null) return options.KvMemory ?? KvBudget.OfProcess;
        var left = CudaMemory.Of(index.Value).Free - plan.Workspace;
        if (options.KvMemory is not { } wanted) return (long)(left * options.Accelerator.KvFraction);
        return wanted <= left ? wanted : throw new DeviceException(string.Create(
            CultureInfo.InvariantCulture,
            $"{options.Device} has {left / 1e9:F1} GB left beside the weights of '{options.Name}' and a step; Engine:KvMemory asks for {wanted / 1e9:F1}."));
    }

    private static torch.ScalarType Type(DType type) => type switch
    {
        DType.F32 => torch.ScalarType.Float32,
        DType.F16 => torch.ScalarType.Float16,
        _ => torch.ScalarType.BFloat16,
    };

    private static int? CudaIndex(string device) =>
        device.StartsWith(Cuda, StringComparison.Ordinal)
        && int.TryParse(device.AsSpan(Cuda.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : null;
}
