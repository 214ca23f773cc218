using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace InferenceServer.Models.Torch;

/// <summary>
/// Finds libtorch and a device, or says in one sentence why not. The libraries are tried here first, because the bindings
/// report a missing one by a long trace on standard output.
/// </summary>
internal static class TorchLibrary
{
    /// <summary>What a CUDA device needs on the machine, whatever is built in.</summary>
    private const string Driver = "libcuda.so.1";

    /// <param name="index">Number of the CUDA device; null = the processor.</param>
    /// <exception cref="DeviceException">The library, the driver or the device is missing.</exception>
    public static torch.Device Open(string name, int? index)
    {
        try
        {
            return index is { } number ? OpenCuda(name, number) : OpenProcessor(name);
        }
        catch (Exception exception) when (exception
            is NotSupportedException or FileNotFoundException or FileLoadException or TypeInitializationException or DllNotFoundException
            or EntryPointNotFoundException or BadImageFormatException)
        {
            throw new DeviceException(
                $"Device '{name}' cannot be used: libtorch and its bindings do not fit together ({exception.GetBaseException().Message.Split('\n')[0]}). "
                + "Build with one version of both (docs/gpu.md).",
                exception);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static torch.Device OpenProcessor(string name)
    {
        Require(name, "torch_cpu");
        torch.InitializeDeviceType(DeviceType.CPU);
        return torch.CPU;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static torch.Device OpenCuda(string name, int index)
    {
        if (!OperatingSystem.IsWindows() && !NativeLibrary.TryLoad(Driver, out _))
            throw new DeviceException($"Device '{name}' cannot be used: there is no NVIDIA driver on this machine ({Driver}); install it, pass the GPU to the container, or set the device to cpu.");
        Require(name, "torch_cuda");
        if (!torch.cuda.is_available())
            throw new DeviceException($"Device '{name}' cannot be used: libtorch finds no CUDA device. Is this a build with TorchSharp-cuda-linux, and does nvidia-smi show a card with a driver new enough for it (docs/gpu.md)?");
        var count = torch.cuda.device_count();
        if (index >= count) throw new DeviceException($"Device '{name}' does not exist: this machine has cuda:0 to cuda:{count - 1}.");
        return torch.device(DeviceType.CUDA, index);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Require(string name, string library)
    {
        var assembly = typeof(torch).Assembly;
        NativeLibrary.TryLoad(library, assembly, null, out _);
        if (!NativeLibrary.TryLoad("LibTorchSharp", assembly, null, out _))
            throw new DeviceException($"Device '{name}' cannot be used: LibTorchSharp, or the libtorch it needs, is not beside the server and not where the system looks (docs/gpu.md).");
    }
}
