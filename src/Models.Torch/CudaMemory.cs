using System.Runtime.InteropServices;

namespace InferenceServer.Models.Torch;

/// <summary>
/// Free and total memory of a CUDA device, asked of the driver: the bindings have no such call. The driver counts
/// devices as libtorch does, CUDA_VISIBLE_DEVICES included.
/// </summary>
internal static partial class CudaMemory
{
    private const string Driver = "libcuda.so.1";

    /// <exception cref="DeviceException">The driver refuses.</exception>
    public static (long Free, long Total) Of(int index)
    {
        Check(cuInit(0), "cuInit");
        Check(cuDeviceGet(out var device, index), "cuDeviceGet");
        // The context libtorch uses itself.
        Check(cuDevicePrimaryCtxRetain(out var context, device), "cuDevicePrimaryCtxRetain");
        try
        {
            Check(cuCtxPushCurrent(context), "cuCtxPushCurrent");
            try
            {
                Check(cuMemGetInfo(out var free, out var total), "cuMemGetInfo");
                return (checked((long)free), checked((long)total));
            }
            finally
            {
                _ = cuCtxPopCurrent(out _);
            }
        }
        finally
        {
            _ = cuDevicePrimaryCtxRelease(device);
        }
    }

    private static void Check(int result, string call)
    {
        if (result != 0) throw new DeviceException($"The CUDA driver refused {call} (error {result}); nvidia-smi may say more.");
    }

    [LibraryImport(Driver)]
    private static partial int cuInit(uint flags);

    [LibraryImport(Driver)]
    private static partial int cuDeviceGet(out int device, int ordinal);

    [LibraryImport(Driver)]
    private static partial int cuDevicePrimaryCtxRetain(out nint context, int device);

    [LibraryImport(Driver, EntryPoint = "cuDevicePrimaryCtxRelease_v2")]
    private static partial int cuDevicePrimaryCtxRelease(int device);

    [LibraryImport(Driver, EntryPoint = "cuCtxPushCurrent_v2")]
    private static partial int cuCtxPushCurrent(nint context);

    [LibraryImport(Driver, EntryPoint = "cuCtxPopCurrent_v2")]
    private static partial int cuCtxPopCurrent(out nint context);

    [LibraryImport(Driver, EntryPoint = "cuMemGetInfo_v2")]
    private static partial int cuMemGetInfo(out nuint free, out nuint total);
}
