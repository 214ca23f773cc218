using InferenceServer.Models.Engine;
using InferenceServer.Tests.Support;

namespace InferenceServer.Tests.Engine;

/// <summary>The server on the bundled checkpoint, with KV memory for some of what may run at once: it has to preempt.</summary>
public sealed class EngineServer : TestServer
{
    public const string Model = "tas-stories";

    public InferenceEngine Engine => Models.Slots[0].Model!.Engine;

    protected override IReadOnlyDictionary<string, string> ExtraSettings => new Dictionary<string, string>
    {
        ["Models:0:Path"] = Repository.Path("checkpoints/tas-stories"),
        ["Engine:KvMemory"] = "8MB",
    };
}

/// <summary>Memory and handles are the process's: nothing else runs beside these tests.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneOnTheMachine : ICollectionFixture<EngineServer>
{
    public const string Name = "alone";
}
