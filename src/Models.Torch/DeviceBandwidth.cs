using System.Diagnostics;

namespace InferenceServer.Models.Torch;

/// <summary>How fast the device's memory is, by copying from one half of a large tensor to the other.</summary>
internal static class DeviceBandwidth
{
    private const int Copies = 20;

    /// <summary>Bytes read and written a second, the best of several rounds.</summary>
    public static double Measure(TorchDevice device, long megabytes)
    {
        using var quiet = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var count = megabytes << 18;
        var (from, to) = (device.Zeros(torch.ScalarType.Float32, count), device.Zeros(torch.ScalarType.Float32, count));
        var best = 0.0;
        for (var round = 0; round < 5; round++)
        {
            Wait(to);
            var clock = Stopwatch.StartNew();
            for (var i = 0; i < Copies; i++)
            {
                using var inner = torch.NewDisposeScope();
                to.copy_(from);
            }

            Wait(to);
            best = Math.Max(best, 2.0 * Copies * count * sizeof(float) / clock.Elapsed.TotalSeconds);
        }

        return best;
    }

    // Reading one number back waits for all that was queued before it.
    private static void Wait(Tensor tensor)
    {
        using var scope = torch.NewDisposeScope();
        _ = tensor.narrow(0, 0, 1).cpu().bytes[0];
    }
}
