using InferenceServer.Benchmarks;

switch (args)
{
    case ["kernels", .. var rest]:
        KernelBenchmark.Run(rest);
        return 0;
    default:
        Console.Error.WriteLine("Usage: Benchmarks kernels [--threads N] [--rounds N] [--path avx512|avx2|portable]");
        return 2;
}
