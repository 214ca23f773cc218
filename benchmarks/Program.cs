using InferenceServer.Benchmarks;
#if TORCH
using InferenceServer.Benchmarks.Gpu;
#endif
using InferenceServer.Benchmarks.VsLlama;

switch (args)
{
    case ["kernels", .. var rest]:
        KernelBenchmark.Run(new Options(rest));
        return 0;
    case ["step", .. var rest]:
        StepBenchmark.Run(new Options(rest));
        return 0;
    case ["dual-layer", .. var rest]:
        return DualLayerBenchmark.Run(new Options(rest));
    case ["vs-llama.cpp", .. var rest]:
        return VsLlamaBenchmark.Run(new Options(rest));
#if TORCH
    case ["gpu", .. var rest]:
        return GpuBenchmark.Run(new Options(rest));
#endif
    default:
        Console.Error.WriteLine("""
            Usage: Benchmarks COMMAND [--threads N] [--rounds N] [--picture FILE.svg]
              kernels     the products of a 110M model per weight format  [--path avx512|avx2|portable]
              step        whole steps of a random model                   [--layers N --hidden N --heads N --vocabulary N --weights f32|bf16]
              dual-layer  a 110M model that thinks in its lower half: step time by rows, work counted, throughput of the engine
              vs-llama.cpp  the same random Llama here and in llama.cpp   [--shape 110m|1.1b|tiny --formats bf16,q8,q4 --steps N --models DIR --peer DIR]
              gpu         the GPU engine beside PyTorch, built with -p:Torch=true  [--device cuda:N|torch-cpu --shape 110m|1.1b|8b --weights bf16|f16|f32 --batches 1,8,64 --context N --prompt N --steps N --models DIR --python EXE]
            """);
        return 2;
}
