using InferenceServer.Models.Cpu;
using InferenceServer.Models.Tests.Conformance;
using Microsoft.Extensions.Logging.Abstractions;

namespace InferenceServer.Models.Tests.Thinking;

/// <summary>Scored prompts on the CPU engine.</summary>
public sealed class ScoreGoldenTests()
    : ScoreConformance(options => ModelLoader.Load(options with { Cpu = new CpuOptions { Threads = 1 } }, NullLogger.Instance));
