using InferenceServer.Benchmarks.Reports;

namespace InferenceServer.Benchmarks;

/// <summary>One measurement that can be run by its name.</summary>
/// <param name="Summary">What it measures, in a line.</param>
/// <param name="Help">Its options as they are written (<c>--rounds N</c>; those without a value are switches), and what each means.</param>
/// <param name="Run">Returns the exit code.</param>
internal sealed record Command(string Name, string Summary, IReadOnlyList<(string Option, string Meaning)> Help, Func<Options, int> Run)
{
    /// <summary>Options most commands know.</summary>
    public static readonly (string, string) Rounds = ("--rounds N", "rounds; each visits every cell once, medians are printed");

    public static readonly (string, string) Steps = ("--steps N", "steps of a cell in a round");

    public static readonly (string, string) Threads = ("--threads N", "threads that compute (as many as there are processors)");

    public static readonly (string, string) Path = ("--path NAME", "amx, avx512, avx2 or portable (the best there is)");

    public static readonly (string, string) Formats = ("--formats LIST", "of f32,bf16,int8,int4");

    public static readonly (string, string) Kv = ("--kv FORMAT", "keys and values in f32, bf16 or int8 (f32)");

    public static readonly (string, string) Picture = ("--picture FILE.svg", "draws what was measured");

    public static readonly (string, string) Quick = ("--quick", "small sizes and few rounds, to see that it works");

    public int Main(string[] args)
    {
        if (args.Any(arg => arg is "--help" or "-h" or "-?"))
        {
            Console.WriteLine($"{Name}: {Summary}\n\nUsage: dotnet run -c Release --project benchmarks -- {Name} [options]\n");
            foreach (var (option, meaning) in Help) Console.WriteLine($"  {option,-22}{meaning}");
            return 0;
        }

        try
        {
            var code = Run(new Options(args, [.. Help.Select(option => option.Option)]));
            Pictures.Tell();
            return code;
        }
        catch (ArgumentException exception) when (exception.ParamName is null)
        {
            Console.Error.WriteLine(exception.Message);
            return 2;
        }
    }
}
