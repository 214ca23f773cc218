using InferenceServer.Benchmarks;
using InferenceServer.Benchmarks.DualLayer;
#if TORCH
using InferenceServer.Benchmarks.Gpu;
#endif
using InferenceServer.Benchmarks.Load;
using InferenceServer.Benchmarks.Perplexity;
using InferenceServer.Benchmarks.Roofline;
using InferenceServer.Benchmarks.Serve;
using InferenceServer.Benchmarks.VsLlama;

Command[] commands =
[
    RooflineBenchmark.Command,
    DualLayerBenchmark.Command,
    ServeBenchmark.Command,
    PerplexityBenchmark.Command,
    LoadBenchmark.Command,
    VsLlamaBenchmark.Command,
    KernelBenchmark.Command,
    StepBenchmark.Command,
#if TORCH
    GpuBenchmark.Command,
#endif
];

if (args is [var name, .. var rest] && commands.FirstOrDefault(command => command.Name == name) is { } chosen) return chosen.Main(rest);

Console.Error.WriteLine("Usage: dotnet run -c Release --project benchmarks -- COMMAND [--help]\n");
foreach (var command in commands) Console.Error.WriteLine($"  {command.Name,-14}{command.Summary}");
return args is ["--help" or "-h"] ? 0 : 2;
