using InferenceServer.Tests.Support;

namespace InferenceServer.Tests.Clients;

/// <summary>A server with checkpoints of the repository, for clients that are programs of their own, and a random one that thinks and knows tools.</summary>
public sealed class ClientServer : TestServer
{
    public const string Model = "tas-stories";

    public const string Question = "Lucy starts with 24 shells. She finds 18 more. She gives 10 of them away. How many shells does Lucy have in the end?";

    /// <summary>What the model thinks and says to that, by the recipe's own generation (Golden/tas-stories.jsonl).</summary>
    public const string Thought = "24+18=42;42-10=32";
    public const string Answer = "Lucy has 32 shells now.";

    protected override IReadOnlyDictionary<string, string> ExtraSettings => new Dictionary<string, string>
    {
        ["Models:3:Path"] = Repository.Path("checkpoints/tas-stories"),
        ["Models:4:Path"] = Repository.Path("checkpoints/quiet-star-stories"),
        ["Models:5:Path"] = Repository.Path("checkpoints/base-stories"),
        ["Models:6:Path"] = TinyCheckpoint.Write(Path.Combine(Folder, "tools"), "tas-tools", context: 2048),
    };
}

/// <summary>One server for all of them.</summary>
[CollectionDefinition(Name)]
public sealed class SharedClients : ICollectionFixture<ClientServer>
{
    public const string Name = "clients";
}
